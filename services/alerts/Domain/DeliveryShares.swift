import FoundationEssentials

/// Who holds how many of the slots in which an instance delivers, so that receivers who never answer keep nobody else
/// waiting.
struct DeliveryShares: Sendable, Hashable {
    /// So many slots are an organization's at most: a quarter of them.
    static let mostOfOrganization = 8
    static let mostOfChannel = 4
    /// Letters all go to the one mail server: half of the slots are theirs at most, all organizations together.
    static let mostOfLetters = 16

    private(set) var organizations: [UUID: Int] = [:]
    private var channels: [UUID: Int] = [:]
    private var letters = 0

    var takesLetters: Bool { letters < Self.mostOfLetters }

    var fullChannels: [UUID] { channels.filter { $0.value >= Self.mostOfChannel }.map(\.key) }

    /// Who of those that wait, in their order, goes now: one of each channel, then another one of each. An organization is
    /// given a slot only while it holds fewer than are free, so that some are left for who comes next.
    ///
    /// - Parameter free: How many slots nobody holds.
    func choose(from waiting: [Delivery], free: Int) -> [Delivery] {
        var (shares, free, waiting) = (self, free, waiting)
        var chosen: [Delivery] = []
        while true {
            var served: Set<UUID> = []
            let before = waiting.count
            waiting.removeAll { delivery in
                guard shares.admits(delivery, free: free), served.insert(delivery.lead.channelID).inserted else {
                    return false
                }
                shares.hold(delivery)
                free -= 1
                chosen.append(delivery)
                return true
            }
            if waiting.count == before { return chosen }
        }
    }

    /// So many an organization holds at most once it is given one of the slots that are free.
    static func mostOfOrganization(free: Int) -> Int { min(mostOfOrganization, free) }

    private func admits(_ delivery: Delivery, free: Int) -> Bool {
        organizations[delivery.lead.organizationID, default: 0] < Self.mostOfOrganization(free: free)
            && (takesLetters || !delivery.isLetter)
            && channels[delivery.lead.channelID, default: 0] < Self.mostOfChannel
    }

    mutating func hold(_ delivery: Delivery) {
        organizations[delivery.lead.organizationID, default: 0] += 1
        channels[delivery.lead.channelID, default: 0] += 1
        if delivery.isLetter { letters += 1 }
    }

    mutating func release(_ delivery: Delivery) {
        Self.decrement(&organizations[delivery.lead.organizationID])
        Self.decrement(&channels[delivery.lead.channelID])
        if delivery.isLetter { letters -= 1 }
    }

    private static func decrement(_ count: inout Int?) {
        count = count.flatMap { $0 > 1 ? $0 - 1 : nil }
    }
}
