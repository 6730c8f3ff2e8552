import HTTPKit
import Hummingbird
import Postgres

/// How the numbers of a sensor type changed, over all series that have them in one unit, or are given in it.
///
/// Temperatures follow the sun and consumption the working day, so a line through a day and a half of them rises or falls
/// whatever the days are like. The slope here is that of a regression in which every hour of the day of every series has
/// a level of its own: what is left is how the same hours of the same series change from day to day. By the theorem of
/// Frisch and Waugh ("Partial Time Regressions as Compared with Individual Trends", Econometrica 1, 1933) that is the
/// line of least squares through the deviations of the hours' means and times from the means of their groups, so
/// Σ Sxy / Σ Sxx over the groups; each group takes a degree of freedom.
///
/// The period before has the same length and ends so many whole days earlier that it does not reach into this one: both
/// have the same hours of the day.
struct SensorTrend: Encodable, Sendable {
    /// So many are answered at most.
    static let most = 200

    let sensorType: String
    let unit: String
    let seriesCount: Int
    let trend: Trend

    enum CodingKeys: String, CodingKey {
        case sensorType = "sensor_type"
        case unit
        case seriesCount = "series"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(sensorType, forKey: .sensorType)
        try container.encode(unit, forKey: .unit)
        try container.encode(seriesCount, forKey: .seriesCount)
        try trend.encode(to: encoder)
    }
}

/// The trends of sensor types over a range, those with most readings first.
struct SensorTrends: ResponseEncodable, Sendable {
    let range: TimeRange
    let previous: TimeRange
    let resolution: ReadingSource
    let zone: TimeZoneName
    let items: [SensorTrend]

    enum CodingKeys: String, CodingKey {
        case from, to, resolution, tz, items
        case previousFrom = "previous_from"
        case previousTo = "previous_to"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(range.start, forKey: .from)
        try container.encode(range.end, forKey: .to)
        try container.encode(previous.start, forKey: .previousFrom)
        try container.encode(previous.end, forKey: .previousTo)
        try container.encode(resolution, forKey: .resolution)
        try container.encode(zone.description, forKey: .tz)
        try container.encode(items, forKey: .items)
    }
}

extension TimeRange {
    /// The latest range of this length that has the same hours of the day and ends before this one begins.
    var daysBefore: TimeRange {
        let day: Int64 = 86_400_000_000
        let length = end.microseconds - start.microseconds
        let shift = Duration.microseconds((length + day - 1) / day * day)
        return TimeRange(start: start.adding(.zero - shift), end: end.adding(.zero - shift))
    }
}
