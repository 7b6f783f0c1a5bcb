/**
 * Attribution: the whole chain holds only if each of its links does. Here is the formula; what a link is made of, how it is
 * encoded, and what proves its time and its source, belong to the evidence room (proofs/) and come in through `verify`.
 *
 * Source: seed 003 §3. Rules: docs/spec/standing.md W-9.
 */

/** One link (s, r, t, h) of A(I), of any shape: only `verify` looks inside. `source` is s, whoever passed the information on. */
export interface AttributionLink<S> {
  readonly source: S
}

/**
 * V(A(I)) = Π v(s_i, r_i, t_i, h_i, s_{i+1}), eq. of §3, as a boolean: `links` from the origin on; `holder` is s_{n+1}, who has the
 * information at the end. `verify` is asked in order, and no more after its first no. A chain without links attributes nothing
 * and is not valid: the seed's product begins at n = 1, and an empty product, which is one, would vouch for anything.
 */
export const isAttributionValid = <S, L extends AttributionLink<S>>(options: {
  readonly links: readonly L[]
  readonly holder: S
  readonly verify: (link: L, next: S) => boolean
}): boolean => {
  const { links, holder, verify } = options
  return links.length > 0 && links.every((link, index) => verify(link, links[index + 1]?.source ?? holder))
}
