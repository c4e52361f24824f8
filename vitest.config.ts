import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globals: false,
    pool: 'forks',
    projects: [
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'] } },
    ],
  },
})
