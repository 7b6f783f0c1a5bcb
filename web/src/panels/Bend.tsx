/** In a devnet: make a node's source lie, and set it right again. */
import { type FormEvent, type ReactElement, useState } from 'react'
import type { DevnetView, FaultView } from '../../../src/services/schema.ts'
import { signed } from '../model/format.ts'

export interface BendProps {
  readonly devnet: DevnetView
  readonly selected: string | undefined
  readonly onBend: (fault: FaultView) => Promise<void>
}

const PRESETS_MS = [-250, 60, 250] as const
const REACH_MS = 500

const Lies = ({ devnet }: { readonly devnet: DevnetView }): ReactElement => {
  const lies = devnet.faults.filter(({ offsetMs }) => offsetMs !== 0)
  const nameOf = (id: string): string => devnet.nodes.find((node) => node.id === id)?.name ?? 'a node'
  if (lies.length === 0) return <p className="hint">All sources tell the truth.</p>
  return (
    <p className="hint">
      {lies.map(({ id, offsetMs }) => `${nameOf(id)}’s source lies by ${signed(offsetMs, 0)} ms.`).join(' ')}
    </p>
  )
}

interface SizeProps {
  readonly offsetMs: number
  readonly onOffset: (ms: number) => void
}

const clamped = (text: string): number => Math.max(-REACH_MS, Math.min(REACH_MS, Math.round(Number(text)) || 0))

const Size = ({ offsetMs, onOffset }: SizeProps): ReactElement => {
  const shared = { min: -REACH_MS, max: REACH_MS, value: offsetMs }
  return (
    <>
      <label>
        <span>Lie, ms</span>
        <input
          name="offset"
          type="number"
          step={1}
          {...shared}
          onChange={(event) => onOffset(clamped(event.target.value))}
        />
      </label>
      <input
        type="range"
        name="slide"
        step={5}
        aria-label="Lie in milliseconds"
        {...shared}
        onChange={(event) => onOffset(clamped(event.target.value))}
      />
      <div className="presets" role="group" aria-label="Presets">
        {PRESETS_MS.map((ms) => (
          <button
            key={ms}
            type="button"
            className="plain"
            data-preset={ms}
            aria-pressed={ms === offsetMs}
            onClick={() => onOffset(ms)}
          >
            {signed(ms, 0)} ms
          </button>
        ))}
      </div>
    </>
  )
}

export const Bend = ({ devnet, selected, onBend }: BendProps): ReactElement => {
  const [picked, setPicked] = useState<string>()
  const [offsetMs, setOffsetMs] = useState(250)
  const [problem, setProblem] = useState('')
  const has = (id: string | undefined): boolean => devnet.nodes.some((node) => node.id === id)
  const id = [picked, selected].find(has) ?? devnet.nodes[0]?.id ?? ''
  const bend = (ms: number): void => {
    setProblem('')
    onBend({ id, offsetMs: ms }).catch((cause: unknown) =>
      setProblem(cause instanceof Error ? cause.message : String(cause)),
    )
  }
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault()
    bend(offsetMs)
  }
  return (
    <section className="panel bend" aria-labelledby="bend-title">
      <h2 id="bend-title">Bend a clock</h2>
      <form onSubmit={onSubmit} data-hook="bend">
        <label>
          <span>Node</span>
          <select name="node" value={id} onChange={(event) => setPicked(event.target.value)}>
            {devnet.nodes.map((node) => (
              <option key={node.id} value={node.id}>
                {node.name}
              </option>
            ))}
          </select>
        </label>
        <Size offsetMs={offsetMs} onOffset={setOffsetMs} />
        <div className="acts">
          <button type="submit" className="strong">
            Bend
          </button>
          <button type="button" className="plain" data-hook="set-right" onClick={() => bend(0)}>
            Set right
          </button>
        </div>
      </form>
      {problem === '' ? (
        <Lies devnet={devnet} />
      ) : (
        <p className="hint warning" role="alert">{`Not bent: ${problem}`}</p>
      )}
    </section>
  )
}
