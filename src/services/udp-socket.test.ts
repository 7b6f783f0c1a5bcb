import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { test } from 'node:test'
import { bindRefusal, bindUdp, hasSendRoom, literalAddress, SEND_QUEUE_BYTES_MAX } from './udp-socket.ts'

const refusal = bindRefusal('TC_NTP_BIND', 'chimes')

test('a literal address stays as it is, a name is looked up, and one that has no address is refused', async () => {
  for (const host of ['127.0.0.1', '::1', '0.0.0.0']) equal(await literalAddress({ host, port: 0 }, refusal), host)
  ok(isIP(await literalAddress({ host: 'localhost', port: 0 }, refusal)) !== 0)
  await rejects(literalAddress({ host: 'nowhere.invalid', port: 7 }, refusal), {
    code: 'TC_NTP_BIND',
    message: /^cannot serve chimes on nowhere\.invalid port 7: /,
    facts: { host: 'nowhere.invalid', port: 7 },
  })
})

test('a port that cannot be had is refused with advice', async () => {
  await using socket = await bindUdp({ host: '127.0.0.1', port: 0, refusal })
  const { port } = socket.address()
  await rejects(bindUdp({ host: '127.0.0.1', port, refusal }), { code: 'TC_NTP_BIND', message: /another program/ })
  await rejects(bindUdp({ host: '192.0.2.77', port: 0, refusal }), { message: /address of this machine/ })
})

test('the advice goes by what the system says', () => {
  const advice = (cause: unknown): string => refusal({ host: 'h', port: 1 }, cause).message.split(': ')[1] ?? ''
  deepEqual(
    ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'].map((code) => advice(Object.assign(new TypeError('x'), { code }))),
    ['another program has it', 'this process may not have it', 'choose an address of this machine'],
  )
  equal(advice('in words only'), 'choose an address of this machine')
})

test('either family is served, and an error after the binding ends nothing', async () => {
  for (const [host, family] of [
    ['127.0.0.1', 'IPv4'],
    ['::1', 'IPv6'],
  ] as const) {
    await using socket = await bindUdp({ host, port: 0, refusal, recvBufferSize: 65_536 })
    equal(socket.address().family, family)
    socket.emit('error', new TypeError('unroutable'))
    const heard = once(socket, 'message')
    socket.send('x', socket.address().port, host)
    deepEqual((await heard).map(String)[0], 'x')
  }
})

test('what waits to be sent is bounded', () => {
  const room = (waiting: number): boolean => hasSendRoom({ getSendQueueSize: () => waiting })
  deepEqual([0, SEND_QUEUE_BYTES_MAX - 1, SEND_QUEUE_BYTES_MAX].map(room), [true, true, false])
})
