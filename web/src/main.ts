import './app/storage';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './app/App.vue';
import { i18n } from './i18n';
import { router } from './router';
import './styles/tokens.css';
import './styles/base.css';
import './styles/theme';

createApp(App).use(createPinia()).use(i18n).use(router).mount('#app');
