/** The smallest app that uses all of `symbolon/react`, in strict mode, which mounts everything twice. */

import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createAuth } from 'symbolon';
import { RequireRole, SignedIn, SignedOut, SymbolonProvider, useAuth, useUser } from 'symbolon/react';

const { api, ...options } = JSON.parse(document.getElementById('config').textContent);
const auth = createAuth(options);
window.mounted = 0;

function App() {
  const { status } = useAuth();
  useEffect(() => {
    window.mounted++;
    createAuth(options).start(); // as apps do that make it where they use it
  }, []);
  const user = useUser();
  const [dragons, setDragons] = useState('');
  const load = async () => setDragons(await (await auth.fetch(`${api}/api/dragons`)).text());
  return (
    <main>
      <h1>React</h1>
      <p id="status">{status}</p>
      <SignedOut>
        <button id="sign-in" onClick={() => auth.login()}>Sign in</button>
      </SignedOut>
      <SignedIn>
        <p id="who">{user?.name}</p>
        <button id="load" onClick={load}>Dragons</button>
        <p id="dragons">{dragons}</p>
        <RequireRole role="admin" otherwise={<p id="admin">Not for you.</p>}>
          <p id="admin">You are an administrator.</p>
        </RequireRole>
        <button id="sign-out" onClick={() => auth.logout()}>Sign out</button>
      </SignedIn>
    </main>
  );
}

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <SymbolonProvider auth={auth}>
      <App />
    </SymbolonProvider>
  </StrictMode>,
);
