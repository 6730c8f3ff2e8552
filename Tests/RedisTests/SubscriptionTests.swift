import Redis
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct SubscriptionTests {
    @Test func everySubscriberOfAChannelGetsEveryMessage() async throws {
        try await withClient { redis in
            let channel = freshKey()
            var first = redis.subscribe(to: channel).makeAsyncIterator()
            var second = redis.subscribe(to: channel, channel + ":other").makeAsyncIterator()
            await expectNext(of: &first, .established)
            await expectNext(of: &second, .established)
            #expect(try await redis.publish([0, 13, 10, 255] as [UInt8], to: channel) == 1)
            try await redis.publish("other", to: channel + ":other")
            let message = RedisSubscription.Event.message(RedisMessage(channel: channel, payload: [0, 13, 10, 255]))
            await expectNext(of: &first, message)
            await expectNext(of: &second, message)
            await expectNext(of: &second, .message(RedisMessage(channel: channel + ":other", payload: Array("other"))))
        }
    }

    @Test func aLaterSubscriberOfTheSameChannelIsEstablishedAtOnce() async throws {
        try await withClient { redis in
            let channel = freshKey()
            var first = redis.subscribe(to: channel).makeAsyncIterator()
            await expectNext(of: &first, .established)
            var second = redis.subscribe(to: channel).makeAsyncIterator()
            await expectNext(of: &second, .established)
        }
    }

    @Test func aSlowReaderLosesTheOldestAndIsToldHowMany() async throws {
        try await withClient { redis in
            let channel = freshKey()
            var slow = redis.subscribe(to: channel, bufferingNewest: 3).makeAsyncIterator()
            var quick = redis.subscribe(to: channel).makeAsyncIterator()
            await expectNext(of: &slow, .established)
            await expectNext(of: &quick, .established)
            for number in 0..<10 { try await redis.publish("\(number)", to: channel) }
            for _ in 0..<10 { _ = await quick.next() }
            await expectNext(of: &slow, .dropped(7))
            for number in 7..<10 {
                let message = RedisMessage(channel: channel, payload: Array("\(number)"))
                await expectNext(of: &slow, .message(message))
            }
        }
    }

    @Test func theServerIsToldWhenTheLastSubscriberHasGone() async throws {
        try await withClient { redis async throws in
            let channel = freshKey()
            do {
                var events = redis.subscribe(to: channel).makeAsyncIterator()
                await expectNext(of: &events, .established)
            }
            try await eventually { try await redis.publish("", to: channel) == 0 }
            var again = redis.subscribe(to: channel).makeAsyncIterator()
            await expectNext(of: &again, .established)
            #expect(try await redis.publish("", to: channel) == 1)
        }
    }

    @Test func aReaderEndsWhenTheClientDoes() async throws {
        let subscription = try await withClient { $0.subscribe(to: freshKey()) }
        var last: RedisSubscription.Event?
        for await event in subscription { last = event }
        #expect(last == nil || last == .established)
    }
}

/// Expects the next event of a subscription.
func expectNext(
    of iterator: inout RedisSubscription.Iterator, _ expected: RedisSubscription.Event,
    sourceLocation: SourceLocation = #_sourceLocation
) async {
    let event = await iterator.next()
    #expect(event == expected, sourceLocation: sourceLocation)
}
