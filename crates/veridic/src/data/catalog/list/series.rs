//! Series with what is known to be unusual in them, and prices.

use super::super::{Dataset, Digest, Facts, File, Origin, Reading, Role, SeriesFormat, TableFormat, Variant};

/// Files of a series each: path, bytes, sha256; and the file that tells what is unusual.
macro_rules! nab {
    ($($path:literal, $bytes:literal, $sha256:literal;)*) => {
        &[
            $(File {
                path: concat!("nab/data/", $path),
                role: Role::Train,
                origins: &[Origin::Url(concat!("https://raw.githubusercontent.com/numenta/NAB/master/data/", $path))],
                bytes: Some($bytes),
                digest: Some(Digest::File($sha256)),
                facts: Facts::Opaque,
            },)*
            File {
                path: "nab/labels/combined_windows.json",
                role: Role::TrainLabels,
                origins: &[Origin::Url(
                    "https://raw.githubusercontent.com/numenta/NAB/master/labels/combined_windows.json",
                )],
                bytes: None,
                digest: Some(Digest::File("0e0b88a8e5c405d403cac0a64f90b23f3780addc29bab8aebf1d7430fcf2e4ab")),
                facts: Facts::Opaque,
            },
        ]
    };
}

/// Files of an experiment each: path, bytes, sha256.
macro_rules! skab {
    ($($path:literal, $bytes:literal, $sha256:literal;)*) => {
        &[$(File {
            path: concat!("skab/data/", $path),
            role: Role::Train,
            origins: &[Origin::Url(concat!("https://raw.githubusercontent.com/waico/SKAB/master/data/", $path))],
            bytes: Some($bytes),
            digest: Some(Digest::File($sha256)),
            facts: Facts::Opaque,
        }),*]
    };
}

pub(super) const NAB: Dataset = Dataset {
    name: "nab",
    about: "Numenta's series of servers, traffic, tweets and taxis, with stretches known to be unusual",
    licence: "MIT (Apache-2.0 or AGPL-3.0 in earlier versions)",
    home: "https://github.com/numenta/NAB",
    variants: &[Variant {
        name: "half",
        about: "29 of the 58 series",
        files: nab![
        "artificialNoAnomaly/art_daily_no_noise.csv", 116_776, "ccb7743ac2de8ca110db4af796d11ba31a23ad448a28e353a935c15f637756bc";
        "artificialNoAnomaly/art_daily_small_noise.csv", 140_187, "c4b304229f69f108eaa024fb2406fcd4510c5c5d95cd0053e2da6989682e4e6d";
        "artificialNoAnomaly/art_noisy.csv", 140_916, "ad455adeaf06852222500955f2aefe6bd389cc762ef68e7102ee543209c8607f";
        "artificialWithAnomaly/art_daily_jumpsdown.csv", 140_814, "4af31802e87dff4b4ba3ceb21714ba9d905f7888e1f53d47cc6dd4f856f9debc";
        "artificialWithAnomaly/art_daily_nojump.csv", 140_478, "65c85d1834376ed5e622f01721d478609577ea0df0a067c5a5ebe5edea03b077";
        "artificialWithAnomaly/art_load_balancer_spikes.csv", 101_603, "99f7130e54c7c3e818df8e3bdc0974cd241914bb14a10a9c3fa7c1374125d224";
        "realAWSCloudwatch/ec2_cpu_utilization_53ea38.csv", 116_041, "8942e498de7b40f1b4a6d802755592c09b8fb73ce8f658763a09cb9ea1ea94ac";
        "realAWSCloudwatch/ec2_cpu_utilization_77c1ca.csv", 106_007, "90ceabd570b449241ee24ff8a116a793979b7671ce4490707311bfea0e0aae1f";
        "realAWSCloudwatch/ec2_cpu_utilization_ac20cd.csv", 116_980, "749a15c2e1a4543c21fee9cbf3338cd8a7ed5f5f8a1308b9b099b06c2c66e66b";
        "realAWSCloudwatch/ec2_cpu_utilization_fe7f93.csv", 115_788, "f3433f8171f4dcea86c0c7af9996d0f166f812fa0f4567f1d5cd85d2d2cd69b4";
        "realAWSCloudwatch/ec2_disk_write_bytes_c0d644.csv", 101_626, "a0e734a66098bb81833835f0839dadafbc8ae829c51494670ee8849e46eb5b63";
        "realAWSCloudwatch/ec2_network_in_5abac7.csv", 120_827, "c27ef93f582af63bf42e80d804764cbe64ae987620f3cfab5477d6ebb3c6157e";
        "realAWSCloudwatch/grok_asg_anomaly.csv", 131_065, "86a0abe9d58e376858d2fd4f4a438f1997e24c64a09e5af03accd4e1b372ac47";
        "realAWSCloudwatch/rds_cpu_utilization_cc0c53.csv", 117_806, "d5df979ef85928769a016cd0f935919d8c2a113926e21e1eb3a5001d688760e2";
        "realAdExchange/exchange-2_cpc_results.csv", 58_887, "d869ab165254f3ee77ee21fd9fab2be1d07c1f80b8133cf01bbaf2d768c2ac64";
        "realAdExchange/exchange-3_cpc_results.csv", 55_474, "e70b24dba107a2589657cb3feb9ca5605b4f3f7de49ff445f32f5991bc0bdbe5";
        "realAdExchange/exchange-4_cpc_results.csv", 60_212, "d4c13abd6f28594dc446f22106562ebe917fdbe76170f60a500c2a402ecc09e2";
        "realKnownCause/ambient_temperature_system_failure.csv", 233_321, "230b68ccca20f59d562afd5d24ad52939c9b784386bed0054018358bf9120581";
        "realKnownCause/ec2_request_latency_system_failure.csv", 123_428, "98378580aa80157e057c61d59d81daddccc6c65a2c0c800e3f01f603b8215c3f";
        "realKnownCause/nyc_taxi.csv", 265_771, "d8fa6f7f0734bf5c8be12c52a94e20a82664c397d9dec4449156bd453d32856d";
        "realKnownCause/rogue_agent_key_updown.csv", 138_333, "9797cfef477c13306f7a33874ab4d6cf700f8f2c7e5825a2a5bc02004370909a";
        "realTraffic/TravelTime_451.csv", 51_918, "7c174adfc457b201cd111d60688f7ec37eb7201c8080790dc41eeff477bd7345";
        "realTraffic/occupancy_t4013.csv", 62_609, "5663a8122a300360eb51fbbd0f21706da05af1af55262926d6a226bb6d071704";
        "realTraffic/speed_7578.csv", 25_928, "15ba994384730cb5a2e6818f17ded1430b40d92eb7a08e5b1a48a445c8c350f6";
        "realTweets/Twitter_volume_AAPL.csv", 368_111, "826f5cf404c2890784a7824f7102fd00cb134a4948e12e44ec320d095cbbc217";
        "realTweets/Twitter_volume_CRM.csv", 350_820, "e7133bf26479623d58fc7367107aea1cd7df6020420dece48b0eee4d26cdb28a";
        "realTweets/Twitter_volume_FB.csv", 359_760, "a7096bd646759486bda6796b5600cd33a4590f0842bf274ea7acba001b3ba591";
        "realTweets/Twitter_volume_IBM.csv", 351_268, "4309bd56d28ddcbdc168e207da9717395fa2e9f74dba41fa768e0f7da8a116fa";
        "realTweets/Twitter_volume_PFE.csv", 348_926, "18d2804d6a5dae63fe711baaba9242dce38a32bfade3dcdee1d8a7c1a866e41b";
        ],
        reading: Reading::Series(SeriesFormat {
            table: TableFormat::CSV,
            entity: "series",
            members: &[],
            label: Some("anomaly"),
        }),
    }],
};

pub(super) const SKAB: Dataset = Dataset {
    name: "skab",
    about: "Eight sensors of a water circuit, 34 experiments with faults",
    licence: "GPL-3.0",
    home: "https://github.com/waico/SKAB",
    variants: &[
        Variant {
            name: "labelled",
            about: "the 34 labelled files in one archive",
            files: &[File {
                path: "skab/skab.zip",
                role: Role::Train,
                origins: &[],
                bytes: None,
                digest: Some(Digest::File(
                    "039f47e9de83649dd487155a77316dbdc90e12ca459bc8b46ee52990977112ff",
                )),
                facts: Facts::Opaque,
            }],
            reading: Reading::Series(SeriesFormat {
                table: TableFormat { delimiter: b';', ..TableFormat::CSV },
                entity: "experiment",
                members: &[
                    "skab/other/1.csv",
                    "skab/other/2.csv",
                    "skab/other/3.csv",
                    "skab/other/4.csv",
                    "skab/other/5.csv",
                    "skab/other/6.csv",
                    "skab/other/7.csv",
                    "skab/other/8.csv",
                    "skab/other/9.csv",
                    "skab/other/10.csv",
                    "skab/other/11.csv",
                    "skab/other/12.csv",
                    "skab/other/13.csv",
                    "skab/other/14.csv",
                    "skab/valve1/0.csv",
                    "skab/valve1/1.csv",
                    "skab/valve1/2.csv",
                    "skab/valve1/3.csv",
                    "skab/valve1/4.csv",
                    "skab/valve1/5.csv",
                    "skab/valve1/6.csv",
                    "skab/valve1/7.csv",
                    "skab/valve1/8.csv",
                    "skab/valve1/9.csv",
                    "skab/valve1/10.csv",
                    "skab/valve1/11.csv",
                    "skab/valve1/12.csv",
                    "skab/valve1/13.csv",
                    "skab/valve1/14.csv",
                    "skab/valve1/15.csv",
                    "skab/valve2/0.csv",
                    "skab/valve2/1.csv",
                    "skab/valve2/2.csv",
                    "skab/valve2/3.csv",
                ],
                label: None,
            }),
        },
        Variant {
            name: "files",
            about: "the 34 labelled files as they are published",
            files: skab![
                    "other/1.csv", 70_326, "3beaf861bdfe9b4f4eff8e7567c1dd3f506fbd0ce667fc9399d04bd2dc70623d";
                    "other/2.csv", 73_661, "951c326bf36366fa7615b8f28d22f80b3878036069a690f42b3e223737a6a8d1";
                    "other/3.csv", 107_404, "f3c19a89f74f62a475c246b9263f161f7a734dd88304de803939cebaa55c7ebd";
                    "other/4.csv", 112_334, "56ca23f4eb61d1347d079eb9a35c60a59b8b64e160c00dd0c2ec69e0df0b2a4b";
                    "other/5.csv", 108_203, "7347b326df3a92c0810c69add0e5621939af7a1c1cb4755081d088e72d36920f";
                    "other/6.csv", 107_422, "eb8f05622a62c855040ea358b87be35fb1a4a3720ba0610569bab384db4b6e04";
                    "other/7.csv", 102_054, "1bee14f49bfc817ba2c335fb427baa71153d8f8ab52e72652f15f74e4b77daec";
                    "other/8.csv", 107_600, "12c138ed99c198e0a7ece886fe01bfd16bbdde206fad6c5d74322b6b9d6488d0";
                    "other/9.csv", 108_481, "11c4514b0bc706acff637fea6707ad9258ac878fe9dff3d0b11d2b618d94d8ea";
                    "other/10.csv", 124_516, "72683644f6f17689f619076a66a9ec02cbc0502bd669924c4c33951d1bdad9b0";
                    "other/11.csv", 112_720, "98a2fff3b6516205ae2e12f2dd30d7f08465fe4321a1bd5cf823396985ecb37b";
                    "other/12.csv", 99_534, "b0882efbcf2669223ae78bee61c9f10074a9b2375f0e86b8957ae5ce4aad1e72";
                    "other/13.csv", 87_634, "b3f1da02064d11234836a9fa1a2536bb0d3b6c6998ab60b0b71869b98e94d860";
                    "other/14.csv", 85_828, "c7f361e55397cc9efd4a76b6876111eda79b650d10aeb007342ca5972152eaef";
                    "valve1/0.csv", 110_346, "16af3f71313a23dd33d9b7b8065d836d05c3f9257588881cc7fbe07c076d9dc8";
                    "valve1/1.csv", 110_330, "fe4493bf805baef4e6dfb864094275d8cc2ea80a16b3735e2752b18b6aefd812";
                    "valve1/2.csv", 103_507, "90492413469261886c8896c327241448df5da73fd7739cabfec8dd82de3c0ce4";
                    "valve1/3.csv", 110_534, "cb6afea108eddfd8447307e405f86bbb764b8d8e9130d7849a46e1303e19b8b2";
                    "valve1/4.csv", 105_634, "983aed9dc09991a57911091373c580e1b86d06aa983cd51678f108fd8d709654";
                    "valve1/5.csv", 111_575, "78974991ec87b7f9b9b6b2944f4b525468a9beb36c59b06cd7650d9a15eca14a";
                    "valve1/6.csv", 111_676, "97469c0e0c9c0e0ee5d30794f1f36c6785df5816a112a8b16c59637e8c894685";
                    "valve1/7.csv", 105_941, "ca2c9c6d6fa302c642acec6fbedac495bd12fececeee0a755d45a54e340e0f30";
                    "valve1/8.csv", 110_305, "0c4afb92248b5b35b4c9d734a91ed8318346901f04579074903730569e60416c";
                    "valve1/9.csv", 110_586, "2aa1ae1b2ff505caecda24802b877dc686924bbbeeb7e7db4faa261efb5ed5bd";
                    "valve1/10.csv", 110_623, "ee16be8e4b870c779491e3d1dc9e0ecbfaf29eb013e032abff7a33f2cbbfe2ad";
                    "valve1/11.csv", 110_166, "89660fae4ed5c918db014409bbbc29f498fd99c7e956fab2620d18dea700a973";
                    "valve1/12.csv", 110_061, "90adfa9bc86d4556e6a4ce734436fd5685af79c189cd9828f8df75a7f468ce07";
                    "valve1/13.csv", 110_455, "d6cb6a97437215d3066a87e1fcc5fa4e68017629c043c5315920e3cf1060841c";
                    "valve1/14.csv", 110_181, "5f0bb9bc33c5e6c259263e32e25915c4d24c82b0a94554d48808626da05c1d71";
                    "valve1/15.csv", 111_352, "75cc86ab25d7091eee024739fa06d048753480d5d7d1507077231cab4f1b7a7e";
                    "valve2/0.csv", 109_156, "a6670e7a68c7c6ba62c649bd9d350633e80db624578e9529f2b736ced5e32bde";
                    "valve2/1.csv", 102_680, "b35d27f664eb0851ab73e5eb06633404c7eeaf532edff7e40c68eb9379f2012b";
                    "valve2/2.csv", 109_005, "2c3005cf28b88db715b7f4694e826ff252cba4dbb1eba679b040961f80477e60";
                    "valve2/3.csv", 96_048, "86927555d5c523e587d41500bd5dee4e2468289ec1b988ac17755aeae697d7f8";
            ],
            reading: Reading::Series(SeriesFormat {
                table: TableFormat { delimiter: b';', ..TableFormat::CSV },
                entity: "experiment",
                members: &[],
                label: None,
            }),
        },
    ],
};

pub(super) const TIMEGAN_STOCK: Dataset = Dataset {
    name: "timegan-stock",
    about: "Daily prices of one share, 2004 to 2019",
    licence: "not stated",
    home: "https://github.com/jsyoon0823/TimeGAN",
    variants: &[Variant {
        name: "full",
        about: "3685 days, oldest first",
        files: &[File {
            path: "timegan-stock/stock_data.csv",
            role: Role::Train,
            origins: &[Origin::Url(
                "https://raw.githubusercontent.com/jsyoon0823/TimeGAN/master/data/stock_data.csv",
            )],
            bytes: Some(228_290),
            digest: Some(Digest::File("134b8a00eb4eefa3242dd7ae85144082da80dedf75a1a656d5d08f97cd95277a")),
            facts: Facts::Opaque,
        }],
        reading: Reading::Table(TableFormat::CSV),
    }],
};
