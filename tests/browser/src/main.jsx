// A small CRM: React Admin on ra-supabase, in front of the server under test.
import { createRoot } from 'react-dom/client'
import { Admin, CustomRoutes, Resource } from 'react-admin'
import { Route } from 'react-router-dom'
import { defaultI18nProvider, ForgotPasswordPage, LoginPage, SetPasswordPage } from 'ra-supabase'
import { SignUp } from './SignUp.jsx'
import { companies } from './companies.jsx'
import { contacts } from './contacts.jsx'
import { opportunities } from './opportunities.jsx'
import { sales } from './sales.jsx'
import { authProvider, dataProvider } from './supabase.js'

const App = () => (
  <Admin
    title="Small CRM"
    authProvider={authProvider}
    dataProvider={dataProvider}
    i18nProvider={defaultI18nProvider}
    loginPage={LoginPage}
    disableTelemetry
  >
    {(permissions) => (
      <>
        <CustomRoutes noLayout>
          <Route path="/sign-up" element={<SignUp />} />
          <Route path={SetPasswordPage.path} element={<SetPasswordPage />} />
          <Route path={ForgotPasswordPage.path} element={<ForgotPasswordPage />} />
        </CustomRoutes>
        <Resource name="companies" recordRepresentation="name" {...companies} />
        <Resource name="contacts" recordRepresentation={(r) => `${r.first_name} ${r.last_name}`} {...contacts} />
        <Resource name="opportunities" recordRepresentation="name" {...opportunities} />
        {permissions === 'administrator' ? <Resource name="sales" options={{ label: 'Team' }} {...sales} /> : null}
      </>
    )}
  </Admin>
)

createRoot(document.getElementById('root')).render(<App />)
