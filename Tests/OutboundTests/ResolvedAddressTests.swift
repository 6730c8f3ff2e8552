import CCurl
import TestKit
import Testing

@testable import Outbound

/// Names of hosts that have the look of public ones, and lead to addresses that are not.
@Suite(.timeLimit(.minutes(1))) struct ResolvedAddressTests {
    /// Asks a host that is resolved to `address`.
    private func ask(_ address: String, port: Int, _ policy: AddressPolicy) async throws -> HTTPClient.Response {
        var request = HTTPClient.Request(url: "http://hooks.example.org:\(port)/echo")
        request.addressPolicy = policy
        let transfer = try Transfer(http: request)
        // What curl then finds in its cache it takes as what a resolver has answered.
        transfer.setLines(["hooks.example.org:\(port):\(address)"], for: CURLOPT_RESOLVE)
        try transfer.check(try await TransferEngine().perform(transfer))
        return transfer.response
    }

    @Test func aNameOfAPrivateAddressIsRefusedUnderThePolicyAlone() async throws {
        let loopback = try #require(IPAddress("127.0.0.1"))
        try await withServer { server in
            await #expect(throws: TransferError.addressRefused(loopback)) {
                try await ask("127.0.0.1", port: server.port, .publicOnly)
            }
            #expect(server.connections.accepted == 0)
            let response = try await ask("127.0.0.1", port: server.port, .any)
            #expect(response.status == .ok)
        }
    }

    @Test(arguments: ["10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"])
    func itIsTheAddressThatIsJudged(address: String) async throws {
        let refused = try #require(IPAddress(address))
        await #expect(throws: TransferError.addressRefused(refused)) {
            try await ask(address, port: 80, .publicOnly)
        }
    }
}
