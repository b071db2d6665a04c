import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { unpack } from '../unpack.js'

/** One entry of a ustar archive. */
function entry(path: string, content: string, { prefix = '', type = '0' } = {}): Buffer {
  const header = Buffer.alloc(512)
  header.write(path, 0)
  header.write(content.length.toString(8).padStart(11, '0'), 124)
  header.write(type, 156)
  header.write(prefix, 345)
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512)
  body.write(content)
  return Buffer.concat([header, body])
}

test('files come out by their path in the package; folders and long names are understood', () => {
  const long = 'x'.repeat(600)
  const tarball = gzipSync(
    Buffer.concat([
      entry('package', '', { type: '5' }),
      entry('package/package.json', '{}'),
      entry('index.js', long, { prefix: 'package/dist' }),
      entry('package/empty', ''),
      Buffer.alloc(1024),
    ]),
  )
  const files = [...unpack(tarball)].map(([path, bytes]) => [path, Buffer.from(bytes).toString()])
  expect(files).toEqual([
    ['package.json', '{}'],
    ['dist/index.js', long],
    ['empty', ''],
  ])
})
