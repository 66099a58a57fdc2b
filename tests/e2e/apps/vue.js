/** The smallest app that uses all of `symbolon/vue`: render functions, so that no compiler of templates is needed. */

import { createApp, h, ref } from 'vue';
import { createRouter, createWebHistory, RouterView } from 'vue-router';
import { createAuth } from 'symbolon';
import { authGuard, symbolon, useAuth } from 'symbolon/vue';

const { api, ...options } = JSON.parse(document.getElementById('config').textContent);

const Home = {
  setup() {
    const { auth, user, status } = useAuth();
    const dragons = ref('');
    const load = async () => (dragons.value = await (await auth.fetch(`${api}/api/dragons`)).text());
    const button = (id, text, onClick) => h('button', { id, onClick }, text);
    return () => [
      h('p', { id: 'status' }, status.value),
      user.value ? h('p', { id: 'who' }, user.value.name) : button('sign-in', 'Sign in', () => auth.login()),
      button('load', 'Dragons', load),
      h('p', { id: 'dragons' }, dragons.value),
      user.value && button('sign-out', 'Sign out', () => auth.logout()),
    ];
  },
};
const text = (id, words) => ({ render: () => h('p', { id }, words) });

const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: Home },
    { path: '/profile', component: text('profile', 'Who you are'), meta: { signedIn: true } },
    { path: '/admin', component: text('admin', 'You are an administrator.'), meta: { role: 'admin' } },
    { path: '/no-entry', component: text('no-entry', 'Not for you.') },
  ],
});
authGuard(router, '/no-entry');
createApp({ render: () => h('main', [h('h1', 'Vue'), h(RouterView)]) })
  .use(symbolon, { auth: createAuth(options) })
  .use(router)
  .mount('#root');
