// What comes in: src/ and the settings VITE_SUPABASE_URL and VITE_SUPABASE_ANON_KEY, as in the CRM's own
// frontends. What goes out: dist/. Source: https://vite.dev/config/
import { defineConfig } from 'vite'

export default defineConfig({
  base: './',
  esbuild: { jsx: 'automatic' },
  logLevel: 'warn',
  build: {
    // React Admin and Material UI come as they are; nobody downloads this bundle.
    chunkSizeWarningLimit: 8192,
    minify: false,
    target: 'es2022',
    rollupOptions: {
      // "use client" means nothing outside a server framework.
      onwarn: (warning, warn) => warning.code === 'MODULE_LEVEL_DIRECTIVE' || warn(warning),
    },
  },
})
