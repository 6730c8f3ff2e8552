import Testing

@testable import LocalStack

struct RestartPolicyTests {
    @Test func `delays grow up to a limit while the program keeps dying`() {
        var policy = RestartPolicy()
        let delays = (0..<12).map { _ in policy.delay(ranFor: .seconds(1)) }
        #expect(delays[0] <= RestartPolicy.first)
        #expect(delays[11] > RestartPolicy.longest / 4)
        #expect(delays.allSatisfy { $0 <= RestartPolicy.longest })
    }

    @Test func `a program that stayed up starts afresh`() {
        var policy = RestartPolicy()
        for _ in 0..<12 { _ = policy.delay(ranFor: .zero) }
        #expect(policy.delay(ranFor: RestartPolicy.longEnough) <= RestartPolicy.first)
    }
}
