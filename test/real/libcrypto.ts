/**
 * OpenSSL's own word on time-stamp tokens, in this process: libcrypto's `TS_RESP_verify_response` through koffi, as `openssl ts -verify -in …
 * -queryfile … -CAfile … [-untrusted …]` calls it. For Linux, where libcrypto.so.3 and koffi are.
 */
import type koffi from 'koffi'

type Callable = ReturnType<ReturnType<typeof koffi.load>['func']>

const VERIFY_SIGNATURE = 1

const bind = (func: (signature: string) => Callable) => ({
  memory: func('void *BIO_new_mem_buf(const void *bytes, int length)'),
  freeMemory: func('int BIO_free(void *bio)'),
  readCertificate: func('void *d2i_X509_bio(void *bio, void *out)'),
  readRequest: func('void *d2i_TS_REQ_bio(void *bio, void *out)'),
  readResponse: func('void *d2i_TS_RESP_bio(void *bio, void *out)'),
  freeRequest: func('void TS_REQ_free(void *request)'),
  freeResponse: func('void TS_RESP_free(void *response)'),
  newStore: func('void *X509_STORE_new()'),
  addToStore: func('int X509_STORE_add_cert(void *store, void *certificate)'),
  freeCertificate: func('void X509_free(void *certificate)'),
  newList: func('void *OPENSSL_sk_new_null()'),
  push: func('int OPENSSL_sk_push(void *list, const void *item)'),
  contextOf: func('void *TS_REQ_to_TS_VERIFY_CTX(void *request, void *context)'),
  addFlags: func('int TS_VERIFY_CTX_add_flags(void *context, int flags)'),
  setStore: func('void *TS_VERIFY_CTX_set_store(void *context, void *store)'),
  setCertificates: func('void *TS_VERIFY_CTX_set_certs(void *context, void *list)'),
  freeContext: func('void TS_VERIFY_CTX_free(void *context)'),
  verify: func('int TS_RESP_verify_response(void *context, void *response)'),
  clearErrors: func('void ERR_clear_error()'),
  version: func('const char *OpenSSL_version(int what)'),
  lastError: func('unsigned long ERR_peek_last_error()'),
  errorText: func('const char *ERR_reason_error_string(unsigned long error)'),
})
type Functions = ReturnType<typeof bind>

/** With its own symbols before this process's: Node has another OpenSSL within it. */
const load = async (): Promise<Functions | undefined> => {
  try {
    const { default: loader } = await import('koffi')
    const library = loader.load('libcrypto.so.3', { deep: true })
    return bind((signature) => library.func(signature))
  } catch {
    // Neither the library nor koffi, which is optional, need be on this machine.
    return undefined
  }
}

/** Undefined where this machine has no libcrypto.so.3, or no koffi. */
export const libcrypto: Functions | undefined = await load()

export interface TokenJudge extends Disposable {
  /** OpenSSL's verdict, and where it says no, its last reason. */
  judge(response: Uint8Array): { readonly isGood: boolean; readonly why: string }
}

/** Judges responses to one request, under one authority; the certificates are DER. */
export const openJudge = (
  lib: Functions,
  parts: { readonly request: Uint8Array; readonly authority: Uint8Array; readonly untrusted: readonly Uint8Array[] },
): TokenJudge => {
  const read = (bytes: Uint8Array, how: Callable): unknown => {
    const bio: unknown = lib.memory(bytes, bytes.length)
    const made: unknown = how(bio, null)
    lib.freeMemory(bio)
    return made
  }
  const store: unknown = lib.newStore()
  const authority = read(parts.authority, lib.readCertificate)
  lib.addToStore(store, authority)
  lib.freeCertificate(authority)
  const request = read(parts.request, lib.readRequest)
  const context: unknown = lib.contextOf(request, null)
  lib.freeRequest(request)
  lib.addFlags(context, VERIFY_SIGNATURE)
  lib.setStore(context, store)
  const list: unknown = lib.newList()
  for (const certificate of parts.untrusted) lib.push(list, read(certificate, lib.readCertificate))
  lib.setCertificates(context, list)
  const why = (): string => {
    const error: unknown = lib.lastError()
    const text: unknown = lib.errorText(error)
    return typeof text === 'string' ? text : ''
  }
  return {
    judge: (bytes) => {
      lib.clearErrors()
      const response = read(bytes, lib.readResponse)
      if (response === null) return { isGood: false, why: `unread: ${why()}` }
      const isGood = lib.verify(context, response) === 1
      const reason = isGood ? '' : why()
      lib.freeResponse(response)
      return { isGood, why: reason }
    },
    [Symbol.dispose]: () => void lib.freeContext(context),
  }
}
