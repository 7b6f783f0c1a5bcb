/**
 * What the clock library says of now: an interval of TAI, with its UTC text, whose lower end never goes back.
 *
 * Why never: "definitely past", once said, must stay said, or two events that were ordered by it would change places
 * (external consistency; Corbett et al. 2012 §4.1). It costs nothing: true time does not go back, so a lower bound that was
 * honest stays honest, and the higher of two is the better.
 */
import { max } from '../base/index.ts'
import type { Tai, TimeInterval } from '../base/index.ts'
import { utcFromTai } from '../clock/index.ts'
import type { ClockReading, ClockStatus } from '../clock/index.ts'

/** What a reading is made of. */
type Parts = Pick<ClockReading, 'earliest' | 'latest' | 'estimate' | 'likely' | 'status'>

/** One reading. True time lay in [earliest, latest] when it was taken, by the promise K-1 of docs/spec/clock.md. */
export class ClockMoment implements TimeInterval {
  readonly earliest: Tai
  readonly latest: Tai
  /** The most likely instant, inside the interval; may go back. */
  readonly estimate: Tai
  /** Where true time lies with 95 % likelihood, by statistics: for people to look at, not to decide by; may go back. */
  readonly likely: TimeInterval
  /** Never `unsynchronised`. */
  readonly status: ClockStatus

  constructor({ earliest, latest, estimate, likely, status }: Parts) {
    this.earliest = earliest
    this.latest = latest
    this.estimate = estimate
    this.likely = likely
    this.status = status
  }

  /** Half the width, ns, rounded up. */
  get uncertaintyNs(): bigint {
    return (this.latest - this.earliest + 1n) / 2n
  }

  /** ISO 8601 with nine digits, 23:59:60 in an inserted second. */
  get earliestUtc(): string {
    return utcFromTai(this.earliest)
  }

  get latestUtc(): string {
    return utcFromTai(this.latest)
  }

  get estimateUtc(): string {
    return utcFromTai(this.estimate)
  }
}

/**
 * A reading with its lower end held at `floor`, the highest that was told before. Where all of it lies below, what was told
 * before and what is read now cannot both be true: the moment is the floor alone, and disrupted.
 */
export const ratcheted = (reading: ClockReading, floor: Tai | undefined): ClockMoment => {
  const { earliest, latest, estimate, likely, status } = reading
  if (floor === undefined || floor <= earliest) return new ClockMoment(reading)
  return new ClockMoment({
    earliest: floor,
    latest: max(floor, latest),
    estimate: max(floor, estimate),
    likely: { earliest: max(floor, likely.earliest), latest: max(floor, likely.latest) },
    status: latest < floor ? 'disrupted' : status,
  })
}
