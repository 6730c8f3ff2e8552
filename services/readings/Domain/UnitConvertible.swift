/// What holds numbers of one series, and can be given in another unit than the one the series is recorded in.
///
/// Units such as °C and °F begin at different points, so values, means and percentiles take the whole conversion, a sum
/// takes its offset once for each number, and deviations, slopes and differences take the factor alone. All factors are
/// positive, so that the least number stays the least.
protocol UnitConvertible {
    /// - Throws: ``UnitMismatch`` where the series has no such unit.
    func converted(to unit: MeasurementUnit) throws(UnitMismatch) -> Self
}

extension UnitConvertible {
    /// As it is, where no unit is asked for.
    func given(in unit: MeasurementUnit?) throws(UnitMismatch) -> Self {
        guard let unit else { return self }
        return try converted(to: unit)
    }
}

extension LinearConversion {
    /// The conversion of what a sensor measures.
    ///
    /// - Throws: ``UnitMismatch`` where there is none.
    init(of sensor: String, _ kind: ValueKind, from recorded: String, to unit: MeasurementUnit) throws(UnitMismatch) {
        guard kind == .number, let conversion = MeasurementUnit(recorded).conversion(to: unit) else {
            throw UnitMismatch(sensorType: sensor, kind: kind, recorded: recorded, asked: unit)
        }
        self = conversion
    }
}

extension SeriesLabel {
    func conversion(to unit: MeasurementUnit) throws(UnitMismatch) -> LinearConversion {
        try LinearConversion(of: sensorType, kind, from: self.unit, to: unit)
    }

    /// The same series, with the unit that its numbers are given in.
    func labelled(_ unit: MeasurementUnit) -> SeriesLabel {
        SeriesLabel(deviceID: deviceID, sensorType: sensorType, unit: unit.symbol, kind: kind)
    }
}

extension Summary {
    func converted(by conversion: LinearConversion) -> Summary {
        Summary(
            count: count, sum: sum.map { $0 * conversion.factor + Double(count) * conversion.offset },
            mean: mean.map { conversion($0) }, min: conversion.finite(min), max: conversion.finite(max),
            variance: variance.map { $0 * conversion.factor * conversion.factor })
    }
}

extension ReadingView: UnitConvertible {
    func converted(to unit: MeasurementUnit) throws(UnitMismatch) -> ReadingView {
        let conversion = try LinearConversion(of: sensorType, value.kind, from: self.unit, to: unit)
        return ReadingView(
            deviceID: deviceID, sensorType: sensorType, value: value.converted(by: conversion), unit: unit.symbol,
            timestamp: timestamp, quality: quality, attributes: attributes)
    }
}

extension ReadingView.Value {
    fileprivate var kind: ValueKind {
        switch self {
        case .number: .number
        case .boolean: .boolean
        case .text: .text
        }
    }

    fileprivate func converted(by conversion: LinearConversion) -> ReadingView.Value {
        guard case .number(let number) = self else { return self }
        return .number(conversion(number))
    }
}

extension SeriesStatistics: UnitConvertible {
    func converted(to unit: MeasurementUnit) throws(UnitMismatch) -> SeriesStatistics {
        let conversion = try series.conversion(to: unit)
        return SeriesStatistics(
            series: series.labelled(unit), summary: summary.converted(by: conversion), textCount: textCount,
            first: first?.converted(by: conversion), last: last?.converted(by: conversion),
            percentiles: percentiles.map { ($0, conversion.finite($1)) })
    }
}

extension SeriesStatistics.Sample {
    fileprivate func converted(by conversion: LinearConversion) -> SeriesStatistics.Sample {
        SeriesStatistics.Sample(value: value.converted(by: conversion), time: time)
    }
}

extension SeriesTrend: UnitConvertible {
    func converted(to unit: MeasurementUnit) throws(UnitMismatch) -> SeriesTrend {
        let conversion = try series.conversion(to: unit)
        return SeriesTrend(series: series.labelled(unit), trend: trend.converted(by: conversion))
    }
}

extension Trend {
    fileprivate func converted(by conversion: LinearConversion) -> Trend {
        Trend(
            current: current.converted(by: conversion), previous: previous.converted(by: conversion),
            line: line?.scaled(by: conversion.factor))
    }
}

extension Trend.Period {
    fileprivate func converted(by conversion: LinearConversion) -> Trend.Period {
        Trend.Period(count: count, mean: mean.map { conversion($0) })
    }
}
