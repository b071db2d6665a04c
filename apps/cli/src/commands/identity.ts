import { writeFile } from 'node:fs/promises'
import { publicKeyOf } from '@zt/crypto'
import { generateIdentity } from '@zt/libzt'
import {
  formatAddress,
  formatIdentity,
  formatSecretIdentity,
  type Identity,
  isSecretIdentity,
  parseIdentity,
  validateIdentity,
} from '@zt/protocol'
import { equalBytes, ZtError } from '@zt/sansio'
import type { Command } from '../command.js'
import { existsError, readInput, refuseExisting } from '../files.js'
import { outputFlags } from '../flags.js'

export const identityNew: Command = {
  summary: 'make an identity',
  usage: '[FILE]',
  details: `
Searches for a key pair whose memory-hard hash gives an address: a second or two of one core. Prints the secret text
form (as in identity.secret), or writes FILE readable by its owner only. An existing FILE is never overwritten.

  zt identity new identity.secret
  zt identity show identity.secret > identity.public`,
  flags: outputFlags,
  positionals: [0, 1],
  async run({ output, positionals, signal }) {
    const [file] = positionals
    if (file !== undefined) await refuseExisting(file)
    output.progress('searching for an address: about 15 keys have to be tried')
    const identity = await generateIdentity({
      signal,
      onProgress: ({ tries }) => output.progress(`${tries} tried`),
    })
    const secret = formatSecretIdentity(identity)
    const address = formatAddress(identity.address)
    if (file === undefined) return output.result({ address, public: formatIdentity(identity), secret }, secret)
    await writeFile(file, secret, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST' ? existsError(file, error) : error
    })
    output.result({ address, public: formatIdentity(identity), file }, `${address} written to ${file}`)
  },
}

export const identityShow: Command = {
  summary: 'print the public form of an identity',
  usage: 'FILE|TEXT',
  details:
    'Prints the public text form of an identity given as a file or as text.\n\n  zt identity show identity.secret > identity.public',
  flags: { secret: { type: 'boolean', help: 'print the secret form instead' }, ...outputFlags },
  positionals: [1, 1],
  async run({ output, positionals, values }) {
    const identity = await identityOf(positionals[0]!)
    const hasSecret = isSecretIdentity(identity)
    if (values.secret && !hasSecret)
      throw new ZtError('ZT_IDENTITY_INVALID', `${positionals[0]} holds no secret key`, {
        hint: 'identity.secret holds it, identity.public does not',
      })
    const facts = { address: formatAddress(identity.address), public: formatIdentity(identity), hasSecret }
    if (values.secret && hasSecret) {
      const secret = formatSecretIdentity(identity)
      output.result({ ...facts, secret }, secret)
    } else output.result(facts, facts.public)
  },
}

export const identityValidate: Command = {
  summary: 'check that an address belongs to its key',
  usage: 'FILE|TEXT',
  details:
    'Recomputes the memory-hard hash. Exit code 0: the address belongs to the key, and the secret key, if there is one, to\nthe public one; 1: it does not.',
  flags: outputFlags,
  positionals: [1, 1],
  async run({ output, positionals }) {
    const identity = await identityOf(positionals[0]!)
    const address = formatAddress(identity.address)
    if (!validateIdentity(identity))
      throw new ZtError('ZT_IDENTITY_INVALID', `the address ${address} does not belong to this key`)
    if (isSecretIdentity(identity) && !equalBytes(publicKeyOf(identity.secretKey), identity.publicKey))
      throw new ZtError('ZT_IDENTITY_INVALID', `the secret key of ${address} does not belong to its public key`)
    output.result({ address, valid: true }, `${address} is valid`)
  },
}

/** An identity from a file, or from the text itself. */
export async function identityOf(fileOrText: string): Promise<Identity> {
  if (/^[0-9a-f]{10}:0:/i.test(fileOrText)) return parseIdentity(fileOrText)
  const content = await readInput(fileOrText)
  try {
    return parseIdentity(content.toString().trim())
  } catch (cause) {
    throw new ZtError('ZT_IDENTITY_INVALID', `${fileOrText} does not hold an identity`, {
      cause,
      hint: 'expected one line ADDRESS:0:PUBLIC[:SECRET], as zt identity new writes it',
    })
  }
}
