import Postgres

/// What numbers of series come to, in SQL, in the unit that is asked for: where series of several units are put together,
/// which ``UnitConvertible`` comes too late for. Without one, columns are as they are.
struct UnitColumns {
    private let asked: MeasurementUnit?

    init(_ asked: MeasurementUnit?) {
        self.asked = asked
    }

    /// What `readings.series AS s` is joined with.
    var conversions: SQL {
        guard let asked else { return "" }
        let pairs = asked.related.compactMap { unit in unit.conversion(to: asked).map { (unit.symbol, $0) } }
        return """
            JOIN unnest(\(pairs.map(\.0)), \(pairs.map(\.1.factor)), \(pairs.map(\.1.offset)))
                AS conversion (unit, factor, shift) ON conversion.unit = s.unit
            """
    }

    /// Of the series.
    var unit: SQL { asked.map { "\($0.symbol)" } ?? "s.unit" }

    /// The state of `float8_accum` over the converted numbers.
    func moments(_ moments: SQL) -> SQL {
        guard asked != nil else { return moments }
        return """
            CASE WHEN \(moments) IS NOT NULL THEN ARRAY[(\(moments))[1],
                (\(moments))[2] * conversion.factor + (\(moments))[1] * conversion.shift,
                (\(moments))[3] * conversion.factor ^ 2] END
            """
    }

    /// A number; infinite where it is beyond what a double holds. PostgreSQL would fail the statement for that, and for one
    /// that comes to nothing. Factors are from 10⁻⁹ to 10⁹.
    func value(_ value: SQL) -> SQL {
        guard asked != nil else { return value }
        return """
            CASE WHEN abs(\(value)) > 1e290 THEN \(value) * 'Infinity'::float8
                WHEN abs(\(value)) < 1e-290 THEN conversion.shift
                ELSE \(value) * conversion.factor + conversion.shift END
            """
    }
}
