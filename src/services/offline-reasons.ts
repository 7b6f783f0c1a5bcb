/** Why a record of offline stamps was refused, as a sentence for who handed it in. Reasons of plain bytes are explained with the peers'. */
import { explainRefusal } from './peer-explanations.ts'

const SENTENCES: Readonly<Record<string, string>> = {
  'offline-reversed': 'An interval in it ends before it begins, or its vectors expire before they are drawn.',
  'offline-wrong-network': 'It is of another network.',
  'offline-wrong-drawing': 'A part of it belongs to other vectors.',
  'offline-not-next': 'A stamp is missing, stands twice, or is out of order.',
  'offline-wrong-vector': 'A stamp’s value does not follow from the drawing, or there are more stamps than vectors.',
  'offline-expired': 'A stamp was made after the vectors had expired.',
  'offline-backwards': 'A reading lies before the one before it: the clock was set back.',
  'offline-too-exact': 'A reading is more exact than its own clock’s drift allows.',
  'offline-wrong-count': 'The return does not count all stamps, or names another last one.',
  'offline-drift': 'The clock read something that the network’s time does not allow.',
  'offline-without-return': 'It has no return: make it with truechimer offline submit.',
  'offline-reused': 'A vector was used twice, or the drawing was returned with different stamps. The evidence is kept.',
  'offline-clock-off': 'The clock on return is off this node’s.',
  'offline-full': 'This node remembers as many drawings as it can. Ask another.',
}

/** Empty where nothing can be said. */
export const explainOffline = (reason: string): string => SENTENCES[reason] ?? explainRefusal(reason)
