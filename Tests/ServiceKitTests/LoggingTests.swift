import Foundation
import Logging
import Postgres
import TestKit
import Testing

@testable import ServiceKit

@Suite struct LoggingTests {
    private let time = Timestamp(microseconds: 1_700_000_000_123_456)

    private func line(
        _ message: Logger.Message, _ metadata: Logger.Metadata = [:], error: (any Error)? = nil,
        logger: Logger.Metadata = [:]
    ) -> String {
        var handler = JSONLogHandler(service: "auth", label: "auth", logLevel: .trace)
        handler.metadata = logger
        let event = LogEvent(
            level: .info, message: message, error: error, metadata: metadata, source: "test", file: #fileID,
            function: #function, line: #line)
        return String(decoding: handler.line(for: event, at: time), as: UTF8.self)
    }

    @Test func anEventIsOneLineOfJSON() {
        #expect(
            line("started")
                == #"{"ts":"2023-11-14T22:13:20.123456Z","level":"info","service":"auth","message":"started"}"# + "\n")
    }

    @Test func requestTraceAndOrganizationStandFirst() {
        let text = line("x", ["a": "1", "org": "o", "trace_id": "t"], logger: ["request_id": "r"])
        #expect(text.contains(#""message":"x","request_id":"r","trace_id":"t","org":"o","a":"1"}"#))
    }

    @Test(arguments: ["line\nbreak", "quote\"", "back\\slash", "tab\t", "bell\u{7}", "µ°C 🔬", ""])
    func anyTextSurvives(text: String) throws {
        let line = line("\(text)", ["key\n": .string(text)])
        #expect(line.filter { $0 == "\n" }.count == 1)
        let object = try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
        #expect(object["message"].string == text)
        #expect(object["key\n"].string == text)
    }

    @Test func nestedMetadataIsNestedJSON() throws {
        let line = line("x", ["list": ["a", ["b": "c"]], "number": .stringConvertible(5)])
        let object = try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
        #expect(object["list"][1]["b"].string == "c")
        #expect(object["number"].string == "5")
    }

    @Test func metadataDoesNotReplaceTheHandlersOwnMembers() throws {
        let object = try JSONDecoder().decode(
            JSONValue.self, from: Data(line("x", ["level": "none", "service": "other"]).utf8))
        #expect(object["level"].string == "info")
        #expect(object["service"].string == "auth")
        #expect(object["_level"].string == "none")
    }

    @Test func theCauseOfAnEventIsWritten() throws {
        struct Broken: Error, CustomStringConvertible { let description = "it broke" }
        let object = try JSONDecoder().decode(
            JSONValue.self, from: Data(line("x", ["error": "other"], error: Broken()).utf8))
        #expect(object["error"].string == "it broke")
        #expect(object["_error"].string == "other")
        #expect(line("x", ["error": "only"]).contains(#""error":"only""#))
    }

    @Test func theHandlerWritesWholeLinesToItsDescriptor() throws {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        let logger = Logger(label: "auth.jobs") { label in
            JSONLogHandler(service: "auth", label: label, logLevel: .info, descriptor: descriptor)
        }
        logger.debug("not this")
        logger.info("this")
        try pipe.fileHandleForWriting.close()
        let text = String(decoding: try #require(try pipe.fileHandleForReading.readToEnd()), as: UTF8.self)
        #expect(text.hasSuffix("\"logger\":\"auth.jobs\",\"message\":\"this\"}\n"))
        #expect(!text.contains("not this"))
    }
}
