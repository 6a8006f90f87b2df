# Redraws the picture: gnuplot './side-by-side.gp'
set terminal svg size 640,414 dynamic mouse standalone noenhanced font 'sans-serif,12' background 'white'
set output './side-by-side.svg'
data = './side-by-side.dat'
set encoding utf8
set label 1 'label:b against A: time of an iteration' at screen 0.0187,0.9565 left font ',15'
set label 2 'Faultline reference (model: native), model native, kernel 6.19.0' at screen 0.0187,0.9106 left font ',11' textcolor rgb '#444444'
set label 3 'A: run 12345678, policy xe-7.0' at screen 0.0187,0.8744 left font ',11' textcolor rgb '#444444'
set label 4 'label:b: 2 runs, policy fine-grained' at screen 0.0187,0.8382 left font ',11' textcolor rgb '#444444'
set label 5 'all 12 benchmarks in common' at screen 0.0187,0.8019 left font ',11' textcolor rgb '#444444'
set label 6 'point: ratio of medians; bar: of the extreme repetitions of both; numbers in brackets: repetitions' at screen 0.0187,0.7657 left font ',11' textcolor rgb '#444444'
set label 7 'marked where medians differ by 5 % or more and no repetitions overlap; no statistical test' at screen 0.0187,0.7295 left font ',11' textcolor rgb '#444444'
set grid linecolor rgb '#dddddd' linetype 1
set border 3
set tics nomirror
set key at screen 0.0500,0.0628 left top Left reverse maxcols 1 samplen 2 spacing 1 font ',12'
set lmargin at screen 0.4844
set rmargin at screen 0.9719
set tmargin at screen 0.6957
set bmargin at screen 0.2029
set yrange [11.7:-0.7]
set ytics ('fault/parallelism/read/threads:1 (3, 6)' 0, 'fault/parallelism/read/threads:4 (3, 6)' 1, 'migration/eviction/oversubscription:0.5x (3, 6)' 2, 'migration/eviction/oversubscription:1.5x (3, 6)' 3, 'migration/eviction/oversubscription:4x (3, 6)' 4, 'migration/to_device/size:2M (3, 6)' 5, 'migration/to_device/size:4K (3, 6)' 6, 'migration/to_device/size:64K (3, 6)' 7, 'fault/<script>...touch hacked)%%s\n{/Bold x}_^@ (3, 6)' 8, 'fault/parallelism/read/threads:2 (3, 6)' 9, 'p2p/copy/one/pair:0-1 (3, 6)' 10, 'p2p/copy/one/pair:1-0 (3, 6)' 11) font ',10'
set logscale x 2
set format x '%gx'
set xrange [0.7023926:1.420146]
set xlabel 'worse <    times as fast    > better'
set arrow 1 from 1, graph 0 to 1, graph 1 nohead lc rgb '#444444'
set xtics (0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6)
plot data index 0 using 2:1:3:4 with xerrorbars pt 5 ps 0.8 lw 2 lc rgb '#0072B2' title 'better'
unset output
