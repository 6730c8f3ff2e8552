import Foundation
import Testing

@testable import AuthService

@Suite struct ArrivalTests {
    private static let address = "ada@example.org"
    private static let ada = Arrival.Account(id: UUID(), isActive: true, isVerified: true)
    private static let unverified = Arrival.Account(id: UUID(), isActive: true, isVerified: false)
    private static let closed = Arrival.Account(id: UUID(), isActive: false, isVerified: true)
    private static let eve = Arrival.Account(id: UUID(), isActive: true, isVerified: true)

    private struct Case {
        var email: String? = address
        var isVerified = true
        var holder: Arrival.Account?
        var namesake: Arrival.Account?
        var user: Arrival.Account?
        let expected: Arrival
    }

    private static func cases() throws -> [Case] {
        [
            // Somebody who has been here.
            Case(holder: ada, expected: .known(ada.id)),
            Case(email: nil, isVerified: false, holder: ada, expected: .known(ada.id)),
            Case(holder: ada, namesake: eve, expected: .known(ada.id)),
            Case(holder: closed, expected: .refused(.accountClosed)),
            // Somebody new.
            Case(expected: .new(try #require(EmailAddress(address)))),
            Case(isVerified: false, expected: .refused(.addressUnverified)),
            Case(email: nil, expected: .refused(.addressMissing)),
            Case(email: "ada", expected: .refused(.addressMissing)),
            // Somebody new with an address that is known.
            Case(namesake: ada, expected: .linked(ada.id)),
            Case(isVerified: false, namesake: ada, expected: .refused(.addressUnverified)),
            Case(namesake: unverified, expected: .refused(.accountUnverified)),
            Case(namesake: closed, expected: .refused(.accountClosed)),
            // Somebody who is signed in.
            Case(user: ada, expected: .linked(ada.id)),
            Case(email: nil, isVerified: false, user: ada, expected: .linked(ada.id)),
            Case(namesake: eve, user: ada, expected: .linked(ada.id)),
            Case(holder: ada, user: ada, expected: .known(ada.id)),
            Case(holder: eve, user: ada, expected: .refused(.identityTaken)),
            Case(user: unverified, expected: .refused(.ownAddressUnverified)),
            Case(namesake: unverified, user: unverified, expected: .linked(unverified.id)),
            Case(isVerified: false, namesake: unverified, user: unverified, expected: .refused(.ownAddressUnverified)),
            Case(namesake: ada, user: unverified, expected: .refused(.ownAddressUnverified)),
        ]
    }

    @Test func `what is known decides what becomes of somebody`() throws {
        for entry in try Self.cases() {
            let person = PersonClaims(subject: "s", email: entry.email, isEmailVerified: entry.isVerified)
            let arrival = Arrival(of: person, holder: entry.holder, namesake: entry.namesake, user: entry.user)
            #expect(arrival == entry.expected, "\(entry)")
        }
    }
}
