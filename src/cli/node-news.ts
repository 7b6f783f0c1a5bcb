/** What a node's events become in its log: who was judged how, who came, what was decided, and what went wrong. */
import type { EngineNews } from '../consensus/index.ts'
import type { NodeLog } from '../log/io/node-log.ts'
import type { NodeEvent } from '../node/index.ts'

/** What it needs of a log. */
type Told = Pick<NodeLog, 'record' | 'refused'>

/** Records every event that it is given. `self`: the node's own id. It remembers whether an emergency is on, to tell when one begins and ends. */
export const openNodeNews = (log: Told, self: string): ((event: NodeEvent) => void) => {
  let isEmergency = false
  return (event) => {
    if (event.type === 'consensus') return recordConsensus(log, event.news, self)
    if (event.type !== 'block') return record(log, event)
    const { id, header } = event.decided.block
    const facts = { height: header.height, id, round: event.decided.commit.round }
    log.record({ level: 'debug', type: 'consensus', message: 'a block was decided', facts, byPeers: true })
    if (header.emergency === isEmergency) return
    isEmergency = header.emergency
    const message = isEmergency
      ? 'time emergency: more than a third of the weight is out of range'
      : 'the time emergency is over'
    log.record({ level: isEmergency ? 'error' : 'info', type: 'consensus', message, facts: { height: header.height } })
  }
}

/** Codes with which a node stops deciding. */
const HALTING: readonly string[] = ['TC_CONSENSUS_STORE', 'TC_CONSENSUS_WAL']

const OWN_OFFENCE =
  'this node’s key has signed two things that exclude each other: it runs twice, or an old copy of its data was put back. Stop all but one'

const recordConsensus = (log: Told, news: EngineNews, self: string): void => {
  const entry = { type: 'consensus', byPeers: true } as const
  switch (news.type) {
    case 'step': {
      const { height, round, step } = news
      return log.record({ ...entry, level: 'trace', message: 'a step began', facts: { height, round, step } })
    }
    case 'offence': {
      const facts = { offender: news.offender, offence: news.evidence.type }
      if (news.offender === self) return log.record({ ...entry, level: 'error', message: OWN_OFFENCE, facts })
      return log.record({
        ...entry,
        level: 'warn',
        message: 'somebody signed two things that exclude each other',
        facts,
      })
    }
    case 'catching-up': {
      const { from, to } = news
      return log.record({ ...entry, level: 'info', message: 'catching up with the chain', facts: { from, to } })
    }
    case 'unsigned': {
      const message = 'the signer does not sign: this node says nothing at this height'
      return log.record({ ...entry, level: 'error', message, facts: { height: news.height } })
    }
    case 'caught-up':
      return log.record({
        ...entry,
        level: 'info',
        message: 'caught up with the chain',
        facts: { height: news.height },
      })
  }
}

const record = (log: Told, event: Exclude<NodeEvent, { readonly type: 'block' | 'consensus' }>): void => {
  switch (event.type) {
    case 'judgement':
      for (const { id, before, verdict } of event.judgements)
        if (before !== verdict.status)
          log.record({
            level: 'info',
            type: 'consensus',
            message: 'a verdict changed',
            facts: { slot: event.slot, id, before, ...verdict },
          })
      return
    case 'peer':
      return log.record({
        level: 'info',
        type: 'network',
        message: 'a peer came or went',
        facts: { peer: event.peer, connected: event.connected },
        byPeers: true,
      })
    case 'refused':
      return log.refused({ channel: event.channel, reason: event.reason, from: event.from })
    case 'turned-away':
      return log.record({
        level: 'warn',
        type: 'network',
        message: event.by === 'own' ? 'this node does not talk to a peer' : 'a peer does not talk to this node',
        facts: { peer: event.peer, reason: event.reason, said: event.text },
        byPeers: true,
      })
    case 'trouble':
      return log.record({
        level: HALTING.includes(event.code) ? 'error' : 'warn',
        type: 'operator',
        message: event.message,
        facts: { code: event.code },
      })
    case 'clock':
    case 'proof':
    case 'attestation':
      return log.record({
        level: 'trace',
        type: event.type === 'clock' ? 'clock' : 'proof',
        message: 'heard',
        facts: { type: event.type },
        byPeers: true,
      })
  }
}
