import Testing

@testable import LocalStack

struct RestartPolicyTests {
    @Test func `delays double up to a limit while the program keeps dying`() {
        var policy = RestartPolicy()
        let delays = (0..<9).map { _ in policy.delay(ranFor: .seconds(1)) }
        #expect(delays.first == RestartPolicy.first)
        #expect(delays[1] == RestartPolicy.first * 2)
        #expect(delays.last == RestartPolicy.longest)
    }

    @Test func `a program that stayed up starts afresh`() {
        var policy = RestartPolicy()
        for _ in 0..<5 { _ = policy.delay(ranFor: .zero) }
        #expect(policy.delay(ranFor: RestartPolicy.longEnough) == RestartPolicy.first)
    }
}
