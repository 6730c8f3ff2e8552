import HTTPKit
import Identity
import TestKit
import Testing

@testable import ReadingsService

@Suite struct AccessTests {
    @Test func `a personal access token needs the scope of the route`() async throws {
        let server = try await ReadingsServer.shared()
        let deviations = try await server.service.http.scopeDeviations(by: server.service.client) { route in
            [TokenScope(.readings, route.hasPrefix("GET ") ? .read : .write)]
        }
        #expect(deviations == [])
    }
}
