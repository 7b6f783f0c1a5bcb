/**
 * `npm run build`: makes `dist/package`, the folder that is published. Compiled, because Node does not strip types under
 * node_modules; otherwise the same tree, with the dashboard built into it. The bundled Node is left out: as a dependency's
 * dependency it would become the `node` of somebody else's scripts.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import packageFile from '../package.json' with { type: 'json' }

const TARGET = 'dist/package'

const run = (program: string, ...args: readonly string[]): void => {
  execFileSync(program, args, { stdio: 'inherit' })
}

/** The compiled twin of a source path. */
const compiled = (path: string): string => path.replace(/\.ts$/, '.js')

const publishedPackage = (): unknown => {
  const { devDependencies: _dev, optionalDependencies, scripts: _scripts, exports, ...rest } = packageFile
  const { koffi } = optionalDependencies
  const doors = Object.entries(exports).map(([door, path]) => [
    door,
    { types: path.replace(/\.ts$/, '.d.ts'), default: compiled(path) },
  ])
  return { ...rest, optionalDependencies: { koffi }, exports: Object.fromEntries(doors), files: ['src', 'bin', 'web'] }
}

rmSync('dist', { recursive: true, force: true })
run('tsc', '-p', 'tsconfig.build.json')
run('vite', 'build', 'web', '--logLevel', 'warn')
cpSync('web/dist', `${TARGET}/web/dist`, { recursive: true })
for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) cpSync(file, `${TARGET}/${file}`)
const program = readFileSync('bin/truechimer.js', 'utf8').replace('main.ts', 'main.js')
cpSync('bin', `${TARGET}/bin`, { recursive: true })
writeFileSync(`${TARGET}/bin/truechimer.js`, program)
writeFileSync(`${TARGET}/package.json`, `${JSON.stringify(publishedPackage(), undefined, 2)}\n`)
process.stdout.write(`${TARGET} is ready: npm publish ./${TARGET}\n`)
