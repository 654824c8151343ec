// The peer of the media benchmarks: Baileys' own download stream into files, with no database.
// node tests/bench/baileys.mjs LIST FOLDER IN_FLIGHT, with BAILEYS_DIR naming the folder where baileys was installed.
import { createWriteStream, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'

const library = join(process.env.BAILEYS_DIR, 'node_modules', 'baileys', 'lib', 'Utils', 'messages-media.js')
const { downloadContentFromMessage } = await import(pathToFileURL(library))
const [list, folder, inFlight] = process.argv.slice(2)
const files = JSON.parse(readFileSync(list, 'utf8'))
const waiting = files.slice()

const drain = async () => {
  for (let file = waiting.pop(); file; file = waiting.pop()) {
    const message = { mediaKey: Buffer.from(file.media_key, 'hex'), url: file.url }
    const stream = await downloadContentFromMessage(message, file.kind)
    await pipeline(stream, createWriteStream(join(folder, file.id)))
  }
}

const before = process.cpuUsage()
const start = process.hrtime.bigint()
await Promise.all(Array.from({ length: Number(inFlight) }, drain))
const seconds = Number(process.hrtime.bigint() - start) / 1e9
const used = process.cpuUsage(before)
const there = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
if (there !== files.reduce((sum, file) => sum + file.size, 0)) throw new Error(`${there} bytes in ${folder}`)
console.log(JSON.stringify({ seconds, cpu: (used.user + used.system) / 1e6, memory: 0 }))
process.exit(0)
