import Foundation
import HTTPKit
import NIOCore
import Postgres
import TestKit
import Testing

@testable import ReadingsService

struct ReadingPageTests {
    private static let values: [ReadingView.Value] = [
        .number(0), .number(-0.0), .number(-21.5), .number(0.1 + 0.2), .number(1e15), .number(-1e-7),
        .number(.leastNonzeroMagnitude),
        .number(.greatestFiniteMagnitude), .number(123_456_789.125), .boolean(true), .boolean(false), .text(""),
        .text("plain"), .text("say \"hi\" \\ / \u{0}\u{1F}\n\t\u{7F} é 🧪 \u{2028}"),
    ]

    private func reading(_ value: ReadingView.Value, _ index: Int) throws -> ReadingView {
        let json = #"{"battery_level":81.5,"location":"Lab \"3\"","metadata":{"a":[1,null,{"b":true}]}}"#
        return ReadingView(
            deviceID: UUID(), sensorType: index.isMultiple(of: 2) ? "t" : "a \"quoted\" one",
            value: value, unit: index.isMultiple(of: 3) ? "°C" : "",
            timestamp: Timestamp(microseconds: Int64(index) << 40),
            quality: Quality.allCases[index % Quality.allCases.count],
            attributes: index.isMultiple(of: 2)
                ? ReadingView.Attributes()
                : try JSONDecoder().decode(ReadingView.Attributes.self, from: Data(json.utf8)))
    }

    @Test(arguments: [nil, "next\"one"])
    func `a page is what the encoder makes of it`(cursor: String?) throws {
        var readings = try Self.values.enumerated().map { try reading($1, $0) }
        // As they follow each other in a series.
        readings += readings.suffix(2)
        readings.append(try #require(readings.last))
        let page = Page(items: readings, nextCursor: cursor)
        let written = try JSONDecoder().decode(JSONValue.self, from: Data(buffer: ReadingPage(page).json()))
        let encoded = try JSONDecoder().decode(JSONValue.self, from: Data(buffer: JSONCoding.encode(page)))
        #expect(written == encoded)
        #expect(written["items"].array?.count == readings.count)
    }

    @Test func `an empty page is one, too`() throws {
        let json = try ReadingPage(Page(items: [], nextCursor: nil)).json()
        #expect(String(buffer: json) == #"{"items":[],"next_cursor":null}"#)
    }
}
