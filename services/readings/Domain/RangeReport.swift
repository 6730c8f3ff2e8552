import HTTPKit
import Hummingbird
import Postgres

/// A page of what is told of series over a range of time, from its start on, up to but without its end.
struct RangeReport<Item: Encodable & Sendable>: ResponseEncodable, Sendable {
    let range: TimeRange
    let resolution: ReadingSource
    let page: Page<Item>

    enum CodingKeys: String, CodingKey {
        case from, to, resolution
    }

    func encode(to encoder: any Encoder) throws {
        try page.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(range.start, forKey: .from)
        try container.encode(range.end, forKey: .to)
        try container.encode(resolution, forKey: .resolution)
    }
}
