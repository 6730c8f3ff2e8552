import Testing

@testable import LocalStack

struct PortClaimsTests {
    @Test func `what one folder has claimed no other gets until it is gone`() throws {
        let other = PortClaims()
        var folder: PortClaims? = PortClaims()
        let port = try #require(loopbackPorts.shuffled().first { folder?.take($0) == true })
        #expect(isLoopbackPortFree(port))
        #expect(!other.take(port))
        #expect(folder?.take(port) == true)
        folder = nil
        #expect(other.take(port))
    }
}
