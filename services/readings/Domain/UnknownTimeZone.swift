import HTTPKit

/// There is no such time zone.
struct UnknownTimeZone: ProblemConvertible {
    let problem = Problem.invalid("tz", "must be a name of the IANA time zone database")
}
