/**
 * The network's door: the port, our topics and their limits, what is said on them, who is found and what is agreed with whom.
 * Implementations live in `io/`.
 */
export * from './port.ts'
export * from './topics.ts'
export { PAYLOAD_SHAPES } from './topics-shapes.ts'
export type { PayloadReason, PayloadShape, SeedTopicKind } from './topics-shapes.ts'
export * from './envelope.ts'
export { countingSequences, sequenceFloor } from './envelope-sequences.ts'
export type { SequenceSource } from './envelope-sequences.ts'
export { SignedTopics } from './signed-topics.ts'
export type { SignedMessage, SignedTopicOptions, SignedTopicsOptions } from './signed-topics.ts'
export { DIRECTED_LIMITS, DirectedMessages, directedProtocol } from './directed.ts'
export type { DirectedHandler, DirectedMessage, DirectedOptions } from './directed.ts'
export * from './token-bucket.ts'
export * from './refusals.ts'
export { BORNE_SCORE_MIN, CHOSEN_SCORE_MIN } from './score-weights.ts'
export type { ChannelScoring, ScoreName } from './score-weights.ts'
export { PLACES, PLACE_REASONS } from './places.ts'
export type { PlaceReason, PlacesOptions } from './places.ts'
export { ADDRESS_LENGTH_MAX, addressGroup } from './address-group.ts'
export { Discovery } from './discovery/discovery.ts'
export type { DiscoveryOptions } from './discovery/discovery.ts'
export type { DiscoveryView } from './discovery/discovery-view.ts'
export { DISCOVERY_PARAMETERS } from './discovery/parameters.ts'
export type { DiscoveryParameters } from './discovery/parameters.ts'
export {
  PEER_RECORD_BYTES_MAX,
  PEER_RECORD_DOMAIN,
  RECORD_ADDRESSES_MAX,
  encodePeerRecordBody,
  sealPeerRecord,
} from './discovery/peer-record.ts'
export type { LocationClaim, PeerRecord, PeerRecordBody } from './discovery/peer-record.ts'
export { KNOWN_PEERS_MAX } from './discovery/peers-memory.ts'
export type { KnownPeer, PeersMemory } from './discovery/peers-memory.ts'
export type { BootstrapFindings, BootstrapOutcome, BootstrapWay } from './discovery/bootstrap.ts'
export type { OwnStatement } from './discovery/own-record.ts'
export { PEERS_EXCHANGE_LIMITS, peersProtocol } from './discovery/exchange.ts'
export { PROTOCOL_VERSION } from './versions/protocol-version.ts'
export type { Feature } from './versions/features.ts'
export { GREETING_BYTES_MAX, GREETING_LIMITS, GREETING_PROTOCOL, encodeGreeting } from './versions/greeting.ts'
export type { Greeting } from './versions/greeting.ts'
export type { Refused } from './versions/greeting-refusals.ts'
export { Greetings } from './versions/greetings.ts'
export type { AgreedPeer, GreetingsOptions, OwnGreeting } from './versions/greetings.ts'
export { GreetedNetwork } from './versions/greeted-network.ts'
export { CompressedRequests, compressedProtocol } from './versions/compressed-requests.ts'
export type { Compression, CompressedRequestsOptions } from './versions/compressed-requests.ts'
export { explainPeerVersion } from './versions/explain-peer-version.ts'
export type { PeerVersionView } from './versions/explain-peer-version.ts'
