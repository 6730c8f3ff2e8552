import FoundationEssentials
import Kernel
import Postgres
import Testing

@testable import AlertsService

@Suite struct DeliverySharesTests {
    private func delivery(
        _ organization: UUID, _ channel: UUID = .v7(), _ kind: Channel.Kind = .webhook
    ) -> Delivery {
        let notification = DueNotification(
            id: .v7(), organizationID: organization, alertID: .v7(), channelID: channel, recipient: nil, body: [],
            attempts: 0, createdAt: .seconds(0), deliveryID: nil,
            channel: DueChannel(kind: kind, url: nil, sealedSecret: nil, groupSeconds: 0, template: nil))
        return Delivery(id: notification.id, lead: notification, followers: [])
    }

    /// How many each of the organizations may have of so many free slots, each with more waiting than there are.
    private func chosen(_ held: [Int], free: Int) -> [Int] {
        let organizations = held.map { _ in UUID.v7() }
        var shares = DeliveryShares()
        for (organization, count) in zip(organizations, held) {
            for _ in 0..<count { shares.hold(delivery(organization)) }
        }
        let waiting = organizations.flatMap { organization in (0..<40).map { _ in delivery(organization) } }
        let chosen = shares.choose(from: waiting, free: free).map(\.lead.organizationID)
        return organizations.map { organization in chosen.count { $0 == organization } }
    }

    @Test(
        arguments: [
            ([0], 32, [8]), ([8], 24, [0]), ([8, 0], 24, [0, 8]), ([8, 8, 8, 0], 8, [0, 0, 0, 4]), ([0], 1, [1]),
            ([8, 8, 8, 6, 1, 0], 1, [0, 0, 0, 0, 0, 1]), ([0], 0, [0]),
        ] as [([Int], Int, [Int])])
    func `an organization has a quarter, and no more than are left`(_ held: [Int], _ free: Int, _ expected: [Int]) {
        #expect(chosen(held, free: free) == expected)
    }

    @Test(arguments: [(0, 32, 16, 2), (10, 22, 6, 2), (16, 16, 0, 2), (16, 1, 0, 1), (0, 4, 4, 0)])
    func `letters of all organizations have half of the slots`(_ held: Int, _ free: Int, _ letters: Int, _ posts: Int) {
        var shares = DeliveryShares()
        let underWay = (0..<held).map { _ in delivery(.v7(), .v7(), .email) }
        for letter in underWay { shares.hold(letter) }
        #expect(shares.takesLetters == (held < DeliveryShares.mostOfLetters))
        let waiting = (0..<40).map { _ in delivery(.v7(), .v7(), .email) } + (0..<2).map { _ in delivery(.v7()) }
        let chosen = shares.choose(from: waiting, free: free)
        #expect(chosen.count(where: \.isLetter) == letters)
        #expect(chosen.count { !$0.isLetter } == posts)
        for letter in underWay { shares.release(letter) }
        #expect(shares == DeliveryShares())
    }

    @Test func `of a channel a few go at a time, and another channel's go beside them`() {
        let (organization, slow, other) = (UUID.v7(), UUID.v7(), UUID.v7())
        let waiting = (0..<10).map { _ in delivery(organization, slow) } + [delivery(organization, other)]
        let chosen = DeliveryShares().choose(from: waiting, free: 32)
        #expect(chosen.map(\.lead.channelID) == [slow, other, slow, slow, slow])
    }

    @Test func `what ends makes room`() {
        let organization = UUID.v7()
        let held = (0..<DeliveryShares.mostOfOrganization).map { _ in delivery(organization) }
        var shares = DeliveryShares()
        for delivery in held { shares.hold(delivery) }
        #expect(shares.choose(from: [delivery(organization)], free: 24).isEmpty)
        shares.release(held[0])
        #expect(shares.choose(from: [delivery(organization)], free: 25).count == 1)
        for delivery in held.dropFirst() { shares.release(delivery) }
        #expect(shares == DeliveryShares())
    }

    @Test func `a full channel is told, and forgotten when it is not`() {
        let (organization, channel) = (UUID.v7(), UUID.v7())
        let held = (0..<DeliveryShares.mostOfChannel).map { _ in delivery(organization, channel) }
        var shares = DeliveryShares()
        for delivery in held { shares.hold(delivery) }
        #expect(shares.fullChannels == [channel])
        shares.release(held[0])
        #expect(shares.fullChannels.isEmpty)
    }
}
