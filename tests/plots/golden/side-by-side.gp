# Redraws the picture: gnuplot './side-by-side.gp'
set terminal svg size 640,435 dynamic mouse standalone noenhanced font 'sans-serif,12' background 'white'
set output './side-by-side.svg'
data = './side-by-side.dat'
set encoding utf8
set label 1 'B against A: time of an iteration' at screen 0.0187,0.9586 left font ',15'
set label 2 'Faultline reference (model: native), model native, kernel 6.19.0' at screen 0.0187,0.9149 left font ',11' textcolor rgb '#444444'
set label 3 'A: 6 runs, policy xe-7.0' at screen 0.0187,0.8805 left font ',11' textcolor rgb '#444444'
set label 4 'B: 6 runs, policy fine-grained' at screen 0.0187,0.8460 left font ',11' textcolor rgb '#444444'
set label 5 'all 12 benchmarks in common' at screen 0.0187,0.8115 left font ',11' textcolor rgb '#444444'
set label 6 'point: ratio of medians (n = 18 and 18 repetitions); bar: 95 % confidence interval, if samples suffice' at screen 0.0187,0.7770 left font ',11' textcolor rgb '#444444'
set grid linecolor rgb '#dddddd' linetype 1
set border 3
set tics nomirror
set key at screen 0.0500,0.1333 left top Left reverse maxcols 1 samplen 2 spacing 1 font ',12'
set lmargin at screen 0.4828
set rmargin at screen 0.9719
set tmargin at screen 0.7356
set bmargin at screen 0.2667
set yrange [11.7:-0.7]
set ytics ('fault/<script>ale...cked`$(touch hacked)%%s\n{/Bold x}_^@' 0, 'migration/to_device/fault/size:64K' 1, 'fault/parallelism/read/threads:4' 2, 'p2p/copy/one/from:0/to:1' 3, 'p2p/copy/one/from:1/to:0' 4, 'fault/parallelism/read/threads:1' 5, 'migration/eviction/oversubscription:0.5x' 6, 'migration/eviction/oversubscription:1.5x' 7, 'migration/eviction/oversubscription:4x' 8, 'migration/to_device/fault/size:2M' 9, 'migration/to_device/fault/size:4K' 10, 'fault/parallelism/read/threads:2' 11) font ',10'
set logscale x 2
set format x '%gx'
set xrange [0.4131703:2.420309]
set xlabel 'times as fast (left: worse, right: better)'
set arrow 1 from 1, graph 0 to 1, graph 1 nohead lc rgb '#444444'
set xtics ('1x' 1, '2x' 2, '1/2' 1./2)
plot data index 0 using 2:1:3:4 with xerrorbars pt 9 ps 0.9 lw 2 lc rgb '#D55E00' title 'worse', \
     data index 1 using 2:1:3:4 with xerrorbars pt 5 ps 0.8 lw 2 lc rgb '#0072B2' title 'better', \
     data index 2 using 2:1:3:4 with xerrorbars pt 7 ps 0.6 lw 1 lc rgb '#009E73' title 'same'
unset output
