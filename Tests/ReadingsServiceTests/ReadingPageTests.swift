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

    private static let attributes =
        #"{"metadata": {"id": 9007199254740993}, "location": "Lab \"3\"", "battery_level": 81.5}"#

    private func reading(_ value: ReadingView.Value, _ index: Int) throws -> ReadingView {
        ReadingView(
            deviceID: UUID(), sensorType: index.isMultiple(of: 2) ? "t" : "a \"quoted\" one",
            value: value, unit: index.isMultiple(of: 3) ? "°C" : "",
            timestamp: Timestamp(microseconds: Int64(index) << 40),
            quality: Quality.allCases[index % Quality.allCases.count],
            attributes: index.isMultiple(of: 2)
                ? ReadingView.Attributes() : try ReadingView.Attributes(JSONB(bytes: Array(Self.attributes.utf8))))
    }

    /// A reading as its members say by themselves.
    private struct Members: Encodable {
        let deviceID: String
        let sensorType: String
        let value: ReadingView.Value
        let unit: String
        let timestamp: String
        let quality: String
        let batteryLevel: Double?
        let location: String?
        let metadata: [String: Int]?

        enum CodingKeys: String, CodingKey {
            case deviceID = "device_id"
            case sensorType = "sensor_type"
            case batteryLevel = "battery_level"
            case value, unit, timestamp, quality, location, metadata
        }

        init(_ reading: ReadingView) {
            (deviceID, sensorType, unit) = (reading.deviceID.text, reading.sensorType, reading.unit)
            (value, timestamp, quality) = (reading.value, reading.timestamp.rfc3339, reading.quality.name)
            let hasAttributes = reading.attributes != ReadingView.Attributes()
            batteryLevel = hasAttributes ? 81.5 : nil
            location = hasAttributes ? "Lab \"3\"" : nil
            metadata = hasAttributes ? ["id": 9_007_199_254_740_993] : nil
        }
    }

    @Test(arguments: [nil, "next\"one"])
    func `a page is what the encoder makes of it`(cursor: String?) throws {
        var readings = try Self.values.enumerated().map { try reading($1, $0) }
        // As they follow each other in a series.
        readings += readings.suffix(2)
        readings.append(try #require(readings.last))
        let page = ReadingPage(items: readings, nextCursor: cursor).json()
        let written = try JSONDecoder().decode(JSONValue.self, from: Data(buffer: page))
        let members = Page(items: readings.map(Members.init), nextCursor: cursor)
        let encoded = try JSONDecoder().decode(JSONValue.self, from: Data(buffer: JSONCoding.encode(members)))
        #expect(written == encoded)
        #expect(written["items"].array?.count == readings.count)
        // What a double would round is written as it was given.
        #expect(String(buffer: page).contains("9007199254740993"))
    }

    @Test(arguments: [#"{"metadata": null}"#, #"{"location": null, "other": [1, {}]}"#, "{}"])
    func `what is null is not there`(attributes: String) throws {
        #expect(try ReadingView.Attributes(JSONB(bytes: Array(attributes.utf8))) == ReadingView.Attributes())
    }

    @Test func `an empty page is one, too`() {
        #expect(String(buffer: ReadingPage(items: [], nextCursor: nil).json()) == #"{"items":[],"next_cursor":null}"#)
    }
}
