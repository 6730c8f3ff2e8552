import NIOHTTP1
import TestKit

/// A firmware of a test's organization.
struct TestFirmware: Sendable {
    let id: String
    let organization: TestOrganization
    let image: [UInt8]
    /// To its upload.
    let answer: TestHTTPResponse

    static let path = "/api/v1/firmware"

    /// Bytes of which no two stretches are alike, so that a piece in another's place is seen.
    static func image(_ size: Int) -> [UInt8] {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        return (0..<size).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    var path: String { "\(Self.path)/\(id)" }

    /// The image as `client` gets it.
    func download(as client: TestHTTPClient, headers: HTTPHeaders = [:]) async throws -> TestHTTPResponse {
        try await client.get("\(path)/content", headers: headers)
    }

    /// Makes it the one that devices of its type are to have.
    func makeCurrent() async throws -> TestHTTPResponse {
        try await organization.admin.send(.PUT, "\(path)/current")
    }
}

extension TestOrganization {
    /// What an upload is answered.
    ///
    /// - Parameter query: Behind the type and the version.
    func upload(
        _ image: [UInt8], _ version: String = "1.0.0", for type: String = "esp32", query: String = "",
        headers: HTTPHeaders = [:]
    ) async throws -> TestHTTPResponse {
        var all: HTTPHeaders = ["content-type": "application/octet-stream"]
        all.add(contentsOf: headers)
        return try await admin.send(
            .POST, "\(TestFirmware.path)?device_type=\(type)&firmware_version=\(percentEncode(version))\(query)",
            headers: all, body: image)
    }

    /// A new firmware.
    func firmware(
        _ version: String = "1.0.0", for type: String = "esp32", size: Int = 1000, query: String = ""
    ) async throws -> TestFirmware {
        let image = TestFirmware.image(size)
        let answer = try await upload(image, version, for: type, query: query)
        guard answer.status == 201, let id = answer.json["id"].string else {
            throw UnexpectedAnswer(response: answer)
        }
        return TestFirmware(id: id, organization: self, image: image, answer: answer)
    }
}

extension TestDevice {
    /// Says how far it is with a firmware; `fields` beside version and state.
    func reportFirmware(
        _ version: String, _ state: String, _ fields: [String: JSONValue] = [:]
    ) async throws -> TestHTTPResponse {
        var body: [String: JSONValue] = ["firmware_version": .string(version), "state": .string(state)]
        body.merge(fields) { $1 }
        return try await client.put("\(path)/firmware/reported", .object(body))
    }
}
