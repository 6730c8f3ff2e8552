import TestKit

/// A command of a test's organization for many devices.
struct TestBulk: Sendable {
    let id: String
    let organization: TestOrganization
    /// To its making.
    let answer: TestHTTPResponse

    static let path = "/api/v1/commands/bulk"

    var path: String { "\(Self.path)/\(id)" }

    /// How far it is.
    func shown() async throws -> JSONValue { try await organization.admin.get(path).json }

    /// Waits until it is so far, and returns how far that is.
    func progress(_ isReached: @escaping @Sendable (JSONValue) -> Bool) async throws -> JSONValue {
        try await eventually(within: .seconds(20)) {
            let progress = try await shown()
            return isReached(progress) ? progress : JSONValue?.none
        }
    }
}

extension TestOrganization {
    /// Gives all devices a command, where `fields` do not say otherwise.
    func bulk(_ fields: [String: JSONValue] = [:]) async throws -> TestBulk {
        let body: [String: JSONValue] = ["selector": ["all": true], "command_type": "blink"]
        let answer = try await admin.post(TestBulk.path, .object(body.merging(fields) { $1 }))
        guard answer.status == 201, let id = answer.json["id"].string else { throw UnexpectedAnswer(response: answer) }
        return TestBulk(id: id, organization: self, answer: answer)
    }
}
