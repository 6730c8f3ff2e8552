import Postgres

/// What is known of the numbers of a bucket, by the time it begins at.
struct AggregateBucket: Sendable {
    let time: Timestamp
    let summary: Summary
    let percentiles: [AggregateFunction: Double]
    let first: Double?
    let last: Double?

    func value(of function: AggregateFunction) -> Double? {
        switch function {
        case .avg: summary.mean
        case .min: summary.min
        case .max: summary.max
        case .sum: summary.sum
        case .count: Double(summary.count)
        case .first: first
        case .last: last
        case .stddev: summary.deviation
        case .p50, .p95, .p99: percentiles[function]
        }
    }

    func converted(by conversion: LinearConversion) -> AggregateBucket {
        AggregateBucket(
            time: time, summary: summary.converted(by: conversion),
            percentiles: percentiles.compactMapValues(conversion.finite), first: conversion.finite(first),
            last: conversion.finite(last))
    }
}
