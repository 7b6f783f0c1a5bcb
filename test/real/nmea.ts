/**
 * What a GPS receiver says once a second, as NMEA 0183 sentences: RMC, GGA, GSA, GSV, ZDA, with checksums. For tests that
 * feed a real gpsd with the present time and a place that must then be found nowhere.
 */

/** The place in every sentence: latitude and longitude as ddmm.mmmm. */
export const PLACE = { latitude: '4808.9985', longitude: '01135.0867', heightM: '463.7' } as const

/** Digits that would give the place away, in NMEA's form and as gpsd's decimal degrees. */
export const PLACE_DIGITS = ['4808.9985', '1135.0867', '48.14', '11.58', '463.7', '48149975', '11584778'] as const

/** `$…*hh\r\n`: the checksum is the exclusive or of all characters between. */
export const sentence = (body: string): string => {
  const sum = Array.from(body).reduce((parity, character) => parity ^ (character.codePointAt(0) ?? 0), 0)
  return `$${body}*${sum.toString(16).toUpperCase().padStart(2, '0')}\r\n`
}

const pad = (value: number, digits: number): string => String(value).padStart(digits, '0')

/** One second's report. `unixMs` is the second it speaks of. */
export const report = (unixMs: number): string => {
  const at = new Date(unixMs)
  const hundredths = pad(Math.floor(at.getUTCMilliseconds() / 10), 2)
  const time = `${pad(at.getUTCHours(), 2)}${pad(at.getUTCMinutes(), 2)}${pad(at.getUTCSeconds(), 2)}.${hundredths}`
  const [day, month, year] = [pad(at.getUTCDate(), 2), pad(at.getUTCMonth() + 1, 2), String(at.getUTCFullYear())]
  const place = `${PLACE.latitude},N,${PLACE.longitude},E`
  return [
    `GPRMC,${time},A,${place},0.0,0.0,${day}${month}${year.slice(2)},,,A`,
    `GPGGA,${time},${place},1,08,1.0,${PLACE.heightM},M,46.2,M,,`,
    'GPGSA,A,3,17,21,09,04,12,06,20,15,,,,,1.5,1.0,1.1',
    'GPGSV,2,1,08,17,77,041,43,21,76,138,47,09,47,236,38,04,37,056,40',
    'GPGSV,2,2,08,12,32,298,41,06,29,277,47,20,20,143,47,15,15,173,41',
    `GPZDA,${time},${day},${month},${year},00,00`,
  ]
    .map(sentence)
    .join('')
}
