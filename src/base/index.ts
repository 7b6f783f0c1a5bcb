/** Units, intervals, ports, errors and bounded collections: what every room stands on. */
export * from './bytes.ts'
export * from './units.ts'
export * from './interval.ts'
export * from './ports.ts'
export * from './seeded-random.ts'
export * from './errors.ts'
export * from './bounded.ts'
export * from './fixed-point.ts'
