/** Over every page while a time emergency is declared, this node has stopped deciding, or no block can come. Gone by itself when they are. */
import type { ReactElement } from 'react'
import { alarmOf } from '../model/chain.ts'
import type { Chain } from '../model/chain.ts'

export const EmergencyBanner = ({ chain }: { readonly chain: Chain | undefined }): ReactElement | null => {
  const alarm = chain === undefined ? undefined : alarmOf(chain)
  if (alarm === undefined) return null
  return (
    <aside className="alarm" role="alert" data-hook="emergency">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M8 1.2 15.4 14.4H.6z" fill="currentColor" />
        <path d="M8 6v4m0 1.6v1" className="alarm-cut" />
      </svg>
      <p>
        <strong>{alarm.head}.</strong> {alarm.says}
      </p>
    </aside>
  )
}
