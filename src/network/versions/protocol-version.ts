/**
 * The version of the protocol: three numbers, read and compared as Semantic Versioning 2.0.0 (§2, §9 to §11) has it. Releases
 * before a version and builds of it are not spoken between nodes, so their marks are refused.
 *
 * What a difference means is `compatibility.ts`. This is no version of the program: that one is in the `agent` of a greeting.
 */

/** What this program speaks. */
export const PROTOCOL_VERSION = '1.0.0'
/** The oldest that it still understands. */
export const OLDEST_SPOKEN = '1.0.0'

/** Largest of the three numbers. */
export const VERSION_NUMBER_MAX = 999_999
/** Characters of a version. */
export const VERSION_LENGTH_MAX = 20

export interface ProtocolVersion {
  /** Each 0 to VERSION_NUMBER_MAX. */
  readonly major: number
  readonly minor: number
  readonly patch: number
}

const NUMBER = '(0|[1-9][0-9]{0,5})'
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}$`)

/** The numbers of `1.2.3`; undefined for all other text: a leading zero, a sign, a mark behind it, a number too large. */
export const parseVersion = (text: string): ProtocolVersion | undefined => {
  if (text.length > VERSION_LENGTH_MAX) return undefined
  const [, major, minor, patch] = VERSION.exec(text) ?? []
  if (major === undefined) return undefined
  return { major: Number(major), minor: Number(minor), patch: Number(patch) }
}

/** Below zero where `a` is older, above where it is newer, 0 where they are the same. */
export const compareVersions = (a: ProtocolVersion, b: ProtocolVersion): number =>
  a.major - b.major || a.minor - b.minor || a.patch - b.patch

/**
 * Versions of one line understand each other by their numbers: those of one major; before 1.0.0, where every minor may break
 * (§4), those of one minor.
 */
export const isSameLine = (a: ProtocolVersion, b: ProtocolVersion): boolean =>
  a.major === b.major && (a.major > 0 || a.minor === b.minor)
