import uni from "@dcloudio/vite-plugin-uni";
import { defineConfig } from "vite";

// The plugin is CommonJS, and some versions of Node hand out its exports instead of its default export.
export default defineConfig({ plugins: [(uni.default ?? uni)()] });
