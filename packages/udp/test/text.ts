import { Endpoint, IpAddress } from '@zt/sansio'

export const ip = (text: string): IpAddress => IpAddress.parse(text)

export const endpoint = (address: string, port: number): Endpoint => new Endpoint(ip(address), port)

export const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))

export const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(0, 100))
