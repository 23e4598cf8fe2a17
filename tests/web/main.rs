//! The engine as JavaScript sees it, in a real browser: `wasm-pack test --headless --chrome -- --test web`.
//!
//! The cases are JavaScript, like everything that the engine talks to: a scripted socket, a recording host and a clock
//! that is wound by hand where time matters. This file names them for the runner and lends them the module.

#![cfg(target_arch = "wasm32")]

mod module;

use module::Module;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Makes a test of every named export of a file, and one that misses exports without a name.
macro_rules! cases {
    ($($group:ident in $file:tt: $($case:ident)+;)+) => {
        $(
            /// Named as in JavaScript.
            #[allow(non_snake_case)]
            mod $group {
                use super::*;

                #[allow(dead_code)]
                mod copied {
                    use super::wasm_bindgen;

                    #[wasm_bindgen(module = $file)]
                    extern "C" {
                        $(fn $case();)+
                    }
                }

                $(
                    #[wasm_bindgen_test]
                    async fn $case() -> Result<(), JsValue> {
                        module::run(Module, stringify!($group), stringify!($case)).await
                    }
                )+
            }
        )+

        #[wasm_bindgen_test]
        fn no_case_is_left_out() -> Result<(), String> {
            $(
                let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), $file));
                let exports = text.split("\nexport async function ").skip(1);
                for name in exports.filter_map(|rest| rest.split('(').next()) {
                    if ![$(stringify!($case)),+].contains(&name) {
                        return Err(format!("{} exports {name}, which main.rs does not run", $file));
                    }
                }
            )+
            Ok(())
        }
    };
}

cases! {
    opening in "/tests/web/opening.js":
        connectLeavesWhenTheSocketOpens
        credentialsOfTheTargetGoIntoConnect
        startsOnce
        noSubprotocolIsRefused
        anotherSubprotocolIsRefused
        noSubprotocolIsFineWhenNoneWasOffered
        badUrlsAreInvalidUrls
        forbiddenSubprotocolsAreInvalidUrls
        securityErrorsAreInsecureUrls
        otherErrorsOfTheConstructorAreBlockedByCsp
        aBlockedPortEndsTheAttempt;
    target in "/tests/web/target.js":
        aFinalRejectionEndsTheClient
        aRetryableRejectionIsTriedAgain
        anExceptionCountsAsRejection
        aPendingTargetTimesOut
        aLateAnswerIsOfNoUseAndItsSocketClosed
        anAnswerAfterFreeIsOfNoUseAndItsSocketClosed;
    losing in "/tests/web/losing.js":
        credentialsThatCannotBeSentOpenNothing
        aSocketMadeForThemIsClosed
        aServerReferenceIsFollowedAtOnce
        aServerReferenceIsToldWhereItIsNotFollowed
        aPoisonMessageIsGivenUp
        aRenewalSaysGoodbyeAndDialsAgain;
    receiving in "/tests/web/receiving.js":
        aChunkIsOneBatch
        connackAndMessagesShareABatch
        aPacketInPiecesHasBytesOfItsOwn
        aTopicIsAnnouncedOnce
        anAliasedTopicKeepsItsNumber
        messagesNameTheirSubscriptions
        emptyChunksMeanNothing
        textFramesAreRefused
        blobsAreRefused
        aMebibyteArrives
        memoryGrowsUnderABatch
        memoryGrowsInsideTheSink;
    tap in "/tests/web/tap.js":
        packetsPassInTheOrderOfTheWire
        nothingIsShownWhileItIsOff
        theLastDisconnectIsShown
        theTapKeepsSecrets
        aFloodOfPacketsIsShown;
    sending in "/tests/web/sending.js":
        aTurnLeavesInOneSend
        acknowledgementsLeaveAfterTheHandlers
        manualAcknowledgementsLeaveInOrder
        aMebibyteLeaves
        aFullSocketHoldsEverythingBack
        aFastSocketGetsMoreUntilItIsSlow
        muchLeavesBeforeTheEndOfTheTurn
        whoSendsAllTheTimeGathers
        inALoopAThirdOfWhatIsInFlightGathers
        whatGathersEndsWithItsConnection
        aBacklogLeavesThoughNothingIsAnswered
        aThrowingSendWaitsForTheClose
        nothingWaitingMeansNoSend;
    calls in "/tests/web/calls.js":
        publishInsideTheSink
        everyCallInsideTheSink
        terminateInsideTheSink
        callsInsideTheOtherCallbacks
        callsWhileTheCoreRunsAreRefused
        anExceptionOfTheSinkIsSurvived
        exceptionsOfTheOtherCallbacksAreSurvived
        aSmallMessageIsReadFromTheSlot
        refusalsAreMadeByTheHost;
    ending in "/tests/web/ending.js":
        terminateRetiresTheSocket
        disconnectSpeaksBeforeItCloses
        lateEventsMeanNothing
        aCloseIsReportedOnce
        anErrorWithoutCloseEndsTheAttempt
        anErrorWhileConnectingEndsTheAttempt
        anErrorOfAnOpenSocketMeansNothing
        anErrorThatACloseFollowsIsReportedOnce
        theNextAttemptHasItsOwnSocket
        freeRetiresEverything;
    store in "/tests/web/store.js":
        changesGoOutBeforeBytes
        aThrowingStoreHasFailed
        recordsComeBack
        whatIsNoRecordIsRefused
        freeHandsOutWhatIsLeft
        aPublishUntilSentCompletesWhenItLeaves;
    timers in "/tests/web/timers.js":
        keepAlivePings
        silenceEndsTheConnection
        trafficDoesNotArmTheTimerAgain
        anEarlierDeadlineReplacesTheTimer
        anEarlyTimerFindsNothingAndArmsAgain
        farDeadlinesAreCutToWhatTimersCanDo
        wakeLooksAtTheClock
        anAnswerBeginsANewChainOfTimers
        aPageWithoutANetworkWaitsForIt
        aPageThatIsLeftHangsUp
        reconnectWaitsForItsDelay
        aSleepOfTheWholeMachineIsSeenOnTheWallClock;
    crash in "/tests/web/crash.js":
        aPanicTellsEveryHost
        aTrapShutsTheEngine
        anExceptionThroughTheCoreShutsTheEngine;
    options in "/tests/web/options.js":
        rangesOfClientOptions
        rangesOfOperationOptions
        connectCarriesEveryOption
        userPropertiesKeepTheirOrder
        publishPropertiesAreEncoded
        aRefusedConstructorLeavesNothingBehind;
    authentication in "/tests/web/authentication.js":
        challengesAreAnswered
        givingUpEndsTheAttempt
        identityIsProvedAgain;
    values in "/tests/web/values.js":
        serverInfoWithEverything
        serverInfoWithDefaults
        messageProperties
        propertiesOfAnswers
        garbageHasNoProperties
        statsAreNumbers;
}
