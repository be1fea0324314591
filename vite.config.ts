import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';
import { floorHeaders } from './scripts/web/headers.ts';

export default defineConfig({
	plugins: [tailwindcss(), sveltekit()],
	server: { host: '127.0.0.1', strictPort: true, fs: { allow: ['.'] }, headers: floorHeaders(false) }
});
