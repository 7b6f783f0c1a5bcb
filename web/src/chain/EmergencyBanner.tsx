/** Over every page while a time emergency is declared, or this node has stopped deciding. Gone by itself when they are. */
import type { ReactElement } from 'react'
import type { Chain } from '../model/chain.ts'

export const EmergencyBanner = ({ chain }: { readonly chain: Chain | undefined }): ReactElement | null => {
  if (chain === undefined || (!chain.emergency.emergency && chain.halted === '')) return null
  const [head, says] = chain.emergency.emergency
    ? ['Time emergency', chain.emergency.explanation]
    : ['This node has stopped deciding', chain.halted]
  return (
    <aside className="alarm" role="alert" data-hook="emergency">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M8 1.2 15.4 14.4H.6z" fill="currentColor" />
        <path d="M8 6v4m0 1.6v1" className="alarm-cut" />
      </svg>
      <p>
        <strong>{head}.</strong> {says}
      </p>
    </aside>
  )
}
