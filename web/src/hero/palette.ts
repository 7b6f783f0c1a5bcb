/** The colours of the stylesheet as a canvas needs them: resolved for the theme that is on now. */

export interface Palette {
  readonly ink: string
  readonly soft: string
  readonly faint: string
  readonly surface: string
  readonly outside: string
  readonly hatch: string
  readonly band: string
  readonly edge: string
  readonly good: string
  readonly bad: string
  readonly font: string
}

const NAMES = ['ink', 'soft', 'faint', 'surface', 'outside', 'hatch', 'band', 'edge', 'good', 'bad'] as const

export const readPalette = (host: HTMLElement): Palette => {
  const probe = document.createElement('span')
  host.append(probe)
  const seen = new Map<string, string>()
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`
    seen.set(name, getComputedStyle(probe).color)
  }
  const font = getComputedStyle(host).fontFamily
  probe.remove()
  const colour = (name: (typeof NAMES)[number]): string => seen.get(name) ?? '#888'
  return {
    ink: colour('ink'),
    soft: colour('soft'),
    faint: colour('faint'),
    surface: colour('surface'),
    outside: colour('outside'),
    hatch: colour('hatch'),
    band: colour('band'),
    edge: colour('edge'),
    good: colour('good'),
    bad: colour('bad'),
    font,
  }
}
