import HTTPKit

/// A series does not come in the unit that was asked for.
struct UnitMismatch: ProblemConvertible, Equatable {
    let sensorType: String
    let kind: ValueKind
    /// The unit it is recorded in.
    let recorded: String
    let asked: MeasurementUnit

    var problem: Problem {
        guard kind == .number else {
            return .invalid("unit", "must not be given for \"\(sensorType)\", which records \(kind.plural)")
        }
        return .invalid(
            "unit",
            "must be one into which all series convert: \"\(sensorType)\" is recorded in \"\(recorded)\", "
                + "which does not convert into \"\(asked.symbol)\"")
    }
}
