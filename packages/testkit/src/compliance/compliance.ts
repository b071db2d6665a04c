import { ZtError } from '@zt/sansio'

/** One requirement of an interface: run it in any test runner. It is fulfilled, or says what is wrong. */
export interface ComplianceCase {
  readonly name: string
  run(): Promise<void>
}

/** @throws ZT_COMPLIANCE if it does not hold. */
export function require(holds: boolean, sentence: string): void {
  if (!holds) throw new ZtError('ZT_COMPLIANCE', sentence)
}
