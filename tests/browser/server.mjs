// What a walk needs beside a browser: the server under test on free ports, with a new database, and the app,
// built against it and served on a port of its own.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { build } from 'vite'

const HERE = import.meta.dirname
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' }

const freePort = async () => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Serves the folder of the built app; the app routes in the fragment, so a path is a file. */
const serve = async (root, port) => {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://site')
    const file = path.join(root, pathname === '/' ? 'index.html' : path.normalize(pathname))
    createReadStream(file)
      .on('error', () => response.writeHead(404).end())
      .once('open', () => response.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' }))
      .pipe(response)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Starts `oppbase dev`; resolves when it says that it runs. */
const start = async (program, dir, site) => {
  const adminPort = await freePort()
  const child = spawn(
    program,
    ['dev', '--no-demo', '--data-dir', dir, '--port', '0', '--db-port', '0', '--admin-port', String(adminPort)],
    { env: { ...process.env, OPPBASE_SITE_URL: site }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let said = ''
  await new Promise((resolve, reject) => {
    const listen = (chunk) => {
      said = (said + chunk).slice(-20000)
      if (said.includes('swagger:')) resolve()
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}: ${said}`)))
  })
  return { child, log: () => said }
}

/** Everything, and `stop`. `program` is the server's executable. */
export const startAll = async (program) => {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'oppbase-walk-'))
  const sitePort = await freePort()
  const site = `http://127.0.0.1:${sitePort}`
  const { child, log } = await start(program, dir, site)
  let files
  const stop = async () => {
    files?.close()
    files?.closeAllConnections()
    child.removeAllListeners('exit')
    const ended = child.exitCode === null ? once(child, 'exit') : null
    child.kill('SIGTERM')
    await ended
    await rm(dir, { recursive: true, force: true })
  }
  try {
    const { stdout } = await promisify(execFile)(program, ['status', '-o', 'json', '--data-dir', dir])
    const status = JSON.parse(stdout)
    process.env.VITE_SUPABASE_URL = status.API_URL
    process.env.VITE_SUPABASE_ANON_KEY = status.ANON_KEY
    await build({ root: HERE, configFile: path.join(HERE, 'vite.config.js') })
    files = await serve(path.join(HERE, 'dist'), sitePort)
    return { site, api: status.API_URL, admin: status.ADMIN_URL, serviceKey: status.SERVICE_ROLE_KEY, anonKey: status.ANON_KEY, log, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
