/** The block store in memory, by the suite of all block stores. */
import { blockStoreSuite } from './block-store.test-suite.ts'
import { MemoryBlocks } from './index.ts'

blockStoreSuite('blocks in memory', () => ({ store: new MemoryBlocks(), [Symbol.dispose]: () => undefined }))
