/**
 * Public files that can be fetched as they are, with commit, licence, size and sha256.
 *
 * Only files that are published in one piece at a commit are here; traces that their owners give out on request or under terms of study
 * are not. Attribution: openb, Weng et al., USENIX ATC 2023; OpenDC, AtLarge Research; SURF Lisa; GWA-T-12, Shen et al., CCGrid 2015; Batsim
 * and evalys, Dutot et al., JSSPP 2016.
 */
export interface PublicTrace {
  readonly name: string;
  readonly url: string;
  readonly commit: string;
  readonly licence: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Name of the file on disk; the last part of the URL unless said. */
  readonly file?: string;
}

function github(
  name: string,
  repository: string,
  commit: string,
  path: string,
  licence: string,
  bytes: number,
  sha256: string,
): PublicTrace {
  return {
    name,
    url: `https://raw.githubusercontent.com/${repository}/${commit}/${path}`,
    commit,
    licence,
    bytes,
    sha256,
  };
}

export const PUBLIC_TRACES: readonly PublicTrace[] = [
  github(
    'batsim-easy-out-jobs',
    'oar-team/evalys',
    '1a1d812ac851',
    'examples/batsim_outputs/medium_late/easy/out_jobs.csv',
    'BSD-3-Clause (repo LICENSE)',
    99292,
    '463b0422fe03147f4150046c905726591a897742c04a2e86ddba7747a4f9bcd5',
  ),
  github(
    'batsim-easy-out-schedule',
    'oar-team/evalys',
    '1a1d812ac851',
    'examples/batsim_outputs/medium_late/easy/out_schedule.csv',
    'BSD-3-Clause (repo LICENSE)',
    515,
    '8fb672f86426e68d62bde4b78a5382380a96cca66f331e14c7a3de1d02c35d27',
  ),
  github(
    'batsim-medium-late',
    'oar-team/evalys',
    '1a1d812ac851',
    'examples/batsim_outputs/medium_late/medium_late.json',
    'BSD-3-Clause (repo LICENSE)',
    150137,
    'b875d37a0cda19b8bea57a3a31225d3711fed3e51bae8bc511a71a0cfb3e1311',
  ),
  github(
    'openb-openb-node-list-all-node',
    'hkust-adsl/kubernetes-scheduler-simulator',
    '8f3d6417353c',
    'data/csv/openb_node_list_all_node.csv',
    'Apache-2.0 (repo LICENSE)',
    52287,
    '5a85c2af79c66a1efff8bbcbda430400aae56d8431370d738480967e1a9c6b15',
  ),
  github(
    'openb-openb-node-list-gpu-node',
    'hkust-adsl/kubernetes-scheduler-simulator',
    '8f3d6417353c',
    'data/csv/openb_node_list_gpu_node.csv',
    'Apache-2.0 (repo LICENSE)',
    42353,
    '2beca64b4d3dfa342036a34b56a495c6cef9225db836c81f541282cb1df320b5',
  ),
  github(
    'openb-openb-pod-list-default',
    'hkust-adsl/kubernetes-scheduler-simulator',
    '8f3d6417353c',
    'data/csv/openb_pod_list_default.csv',
    'Apache-2.0 (repo LICENSE)',
    575468,
    '1ee7ed79c27a3b0861cda8ddba86a004c6aba904caafa329a76ae93ca63834a8',
  ),
  github(
    'opendc-carbon-traces-au-2021-2024',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-sdk/opendc-sdk-runner/src/test/resources/demo/carbon_traces/AU_2021-2024.parquet',
    'MIT; SURF and Bitbrains data as redistributed there',
    445816,
    '19b99064a400ec5091551d184f3477e3201e27f4cace468d365d85d91a8c3367',
  ),
  github(
    'opendc-carbon-traces-be-2021-2024',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-sdk/opendc-sdk-runner/src/test/resources/demo/carbon_traces/BE_2021-2024.parquet',
    'MIT; SURF and Bitbrains data as redistributed there',
    437071,
    '48484ff036e9b43561b15b0c726f451b5c9f4947ecf9715fa484f0938c25fcd3',
  ),
  github(
    'opendc-failuretraces-single-failure',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-experiments/opendc-experiments-base/src/test/resources/failureTraces/single_failure.parquet',
    'MIT; SURF and Bitbrains data as redistributed there',
    2479,
    'c8c14d0c8a9561dea41c351dab7345f9c53877522bd9db79225215a628aab56a',
  ),
  github(
    'opendc-failuretraces-two-failures',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-experiments/opendc-experiments-base/src/test/resources/failureTraces/two_failures.parquet',
    'MIT; SURF and Bitbrains data as redistributed there',
    2495,
    '29e37d59d248a481c2897664cffa6e151da2db2c28b907cdeabcda8608c4fc66',
  ),
  github(
    'opendc-topologies-surfsara-linear-nl-100',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-sdk/opendc-sdk-runner/src/test/resources/demo/topologies/surfsara_linear_NL_100.json',
    'MIT; SURF and Bitbrains data as redistributed there',
    894,
    '1f861ce43fde6ebf27c975579a95f9c27e34ac71d3b282e3422fc7a0277cd8c3',
  ),
  github(
    'opendc-topologies-surfsara-linear-nl-150',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-sdk/opendc-sdk-runner/src/test/resources/demo/topologies/surfsara_linear_NL_150.json',
    'MIT; SURF and Bitbrains data as redistributed there',
    894,
    '18c703f77a2a2084d25ca52072250c037a2758f15ff00f9eb12ce59cf615c52a',
  ),
  github(
    'opendc-topologies-surfsara-linear-nl-200',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-sdk/opendc-sdk-runner/src/test/resources/demo/topologies/surfsara_linear_NL_200.json',
    'MIT; SURF and Bitbrains data as redistributed there',
    894,
    'e514d12ed8c0008c2d4dc8cbc4eed82d0d7ff3d1206dd69b3e8d92f756b3deac',
  ),
  github(
    'opendc-topologies-surfsara-linear-nl-279',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-sdk/opendc-sdk-runner/src/test/resources/demo/topologies/surfsara_linear_NL_279.json',
    'MIT; SURF and Bitbrains data as redistributed there',
    894,
    '1edc60fc7f9c0e7dbfbba4e7075d616fb3f922613be38ce31ea36544b75feeb5',
  ),
  github(
    'opendc-topologies-surfsara-sqrt-au',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-sdk/opendc-sdk-runner/src/test/resources/demo/topologies/surfsara_sqrt_AU.json',
    'MIT; SURF and Bitbrains data as redistributed there',
    892,
    '2049d74967dd82d759a7a1910698e13696a0e4ccdb799079fab90abe18417b0a',
  ),
  github(
    'opendc-topologies-surfsara-sqrt-be',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-sdk/opendc-sdk-runner/src/test/resources/demo/topologies/surfsara_sqrt_BE.json',
    'MIT; SURF and Bitbrains data as redistributed there',
    892,
    'd53b4af9b46b43b9f6d39cb65bcb354c71a3a45308150acd9c19d50f1bfb9df2',
  ),
  github(
    'opendc-workloadtraces-workflow-example-fragments',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-experiments/opendc-experiments-base/src/test/resources/workloadTraces/workflow_example/fragments.parquet',
    'MIT; SURF and Bitbrains data as redistributed there',
    2195,
    '2e3c8c1dfd97778d0c7aefe43280090d49bb81636ee664b1fcd54d537935bbf3',
  ),
  github(
    'opendc-workloadtraces-workflow-example-tasks',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-experiments/opendc-experiments-base/src/test/resources/workloadTraces/workflow_example/tasks.parquet',
    'MIT; SURF and Bitbrains data as redistributed there',
    5249,
    '00eaa6dd021b441ce31db1c00e28bff7dd9538f93015dbfaea016fafe71a66f7',
  ),
  github(
    'opendc-workload-traces-bitbrains-small-fragments',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-sdk/opendc-sdk-runner/src/test/resources/workloadTraces/bitbrains-small/fragments.parquet',
    'MIT; SURF and Bitbrains data as redistributed there',
    716007,
    '125de96eb2e3352bce007930a1e5f2ebbb4cdab4d30e67c8b792008c3aad81cc',
  ),
  github(
    'opendc-workload-traces-bitbrains-small-tasks',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-sdk/opendc-sdk-runner/src/test/resources/workloadTraces/bitbrains-small/tasks.parquet',
    'MIT; SURF and Bitbrains data as redistributed there',
    4871,
    '04b61b092ac4cfd9d40fd7f920047dd2a60c0ee4865f59ce32f431e6246b5379',
  ),
  github(
    'opendc-workload-traces-surf-week-fragments',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-sdk/opendc-sdk-runner/src/test/resources/demo/workload_traces/surf_week/fragments.parquet',
    'MIT; SURF and Bitbrains data as redistributed there',
    1668384,
    '6db66564c0c2f5fe123733a448c266817c29f2a44d02531a2fc89ac03deeebfa',
  ),
  github(
    'opendc-workload-traces-surf-week-tasks',
    'atlarge-research/opendc',
    '691036deb92b',
    'opendc-sdk/opendc-sdk-runner/src/test/resources/demo/workload_traces/surf_week/tasks.parquet',
    'MIT; SURF and Bitbrains data as redistributed there',
    83331,
    'd3e7c247cccb9201601d45e7cdb322db8dd8059d162e246cf74474e3669129a4',
  ),
  github(
    'swf-easy-mediumwl-smallpf',
    'oar-team/evalys',
    '1a1d812ac851',
    'tests/easy_mediumWL_smallPF.swf',
    'BSD-3-Clause (repo LICENSE)',
    55908,
    '463d46c4cdf9a94548034491c6e10335b34311d6f803179024e9edb87ec83ea6',
  ),
];
