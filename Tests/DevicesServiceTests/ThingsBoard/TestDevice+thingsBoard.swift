import TestKit

extension TestDevice {
    /// A path as ThingsBoard's clients ask for it, which send no header that says who they are.
    func thingsBoard(_ path: String) -> String { "/api/v1/\(key)/\(path)" }

    /// Such a client.
    var anonymous: TestHTTPClient { organization.server.service.client }

    /// Gives it a configuration.
    func configure(_ settings: JSONValue) async throws {
        let answer = try await organization.admin.put("\(path)/config", ["config": settings])
        guard answer.status == 200 else { throw UnexpectedAnswer(response: answer) }
    }
}
