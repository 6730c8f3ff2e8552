import Foundation
import Kernel
import NIOHTTP1
import TestKit

/// A fleet key of a test's organization, and boards that come with it.
struct TestFleet: Sendable {
    let organization: TestOrganization
    let id: String
    let key: String
    /// To its making.
    let answer: TestHTTPResponse

    static let path = "/api/v1/devices/provisioning-keys"

    /// What a board that shows the key is answered; `fields` beside key and serial number.
    func provision(
        _ serialNumber: String, _ fields: [String: JSONValue] = [:], headers: HTTPHeaders = [:]
    ) async throws -> TestHTTPResponse {
        var body: [String: JSONValue] = [
            "provisioning_key": .string(key), "serial_number": .string(serialNumber),
        ]
        body.merge(fields) { $1 }
        return try await organization.server.service.client.post(
            "/api/v1/devices/provision", .object(body), headers: headers)
    }

    /// As ``provision(_:_:headers:)``, from a network address that the gateway has seen.
    func provision(_ serialNumber: String, from address: String) async throws -> TestHTTPResponse {
        try await provision(serialNumber, headers: ["x-forwarded-for": address])
    }

    /// A board's new device.
    func device(_ serialNumber: String, _ fields: [String: JSONValue] = [:]) async throws -> TestDevice {
        let answer = try await provision(serialNumber, fields)
        guard answer.status == 201, let id = answer.json["device_id"].string, let key = answer.json["api_key"].string
        else { throw UnexpectedAnswer(response: answer) }
        return TestDevice(
            id: id, key: key, organization: organization, client: organization.server.service.client.authorized(key),
            answer: answer)
    }

    /// The key as the list shows it.
    func shown() async throws -> JSONValue {
        let items = try await organization.admin.get("\(Self.path)?limit=1000").json["items"].array
        return items?.first { $0["id"].string == id } ?? .null
    }
}

extension TestOrganization {
    /// A new fleet key; `fields` beside its name.
    func fleet(_ fields: [String: JSONValue] = [:]) async throws -> TestFleet {
        var body: [String: JSONValue] = ["name": "Line 1"]
        body.merge(fields) { $1 }
        let answer = try await admin.post(TestFleet.path, .object(body))
        guard answer.status == 201, let id = answer.json["id"].string,
            let key = answer.json["provisioning_key"].string
        else { throw UnexpectedAnswer(response: answer) }
        return TestFleet(organization: self, id: id, key: key, answer: answer)
    }

    /// A project in the entity directory, where auth puts it.
    func project() async throws -> UUID {
        let id = UUID.v7()
        try await server.service.query(
            Entity(id: id, organizationID: self.id, type: "project", name: "Cold store").insert)
        return id
    }
}
